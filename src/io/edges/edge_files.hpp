// The files of an edge list: opened, their layouts recognised, and the parts of their text that each rank parses, plain
// ones by byte ranges of all files one after the other, compressed ones handed out by rank 0.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/edges/edge_layout.hpp"
#include "io/format.hpp"
#include "io/input_file.hpp"

namespace synbal::io {

struct EdgeFiles {
  std::vector<InputFile> files;
  std::vector<EdgeLayout> layouts;

  [[nodiscard]] bool compressed(std::size_t file) const { return files[file].path().ends_with(".gz"); }
  [[nodiscard]] bool any_compressed() const;
  [[nodiscard]] ByteCount bytes() const;
};

/// Collective. @throws Error bad_input with file and line, io_failure.
EdgeFiles open_edge_files(const Comm& comm, const Source& source, const EdgeListOptions& options);

/// Where a piece of text stands.
struct TextPlace {
  std::int64_t file = 0;
  /// Lines of the file before it; plain files: since the rank's share of the file began.
  std::int64_t line = 0;
};

/// Takes whole lines of one file and returns how many there were, or kStop where going on is of no use. What is wrong
/// with them it keeps.
inline constexpr std::int64_t kStop = -1;
using TakeLines = std::function<std::int64_t(TextPlace place, std::string_view text)>;

/// What this rank was given last, so that lines can be counted over ranks.
struct LastPiece {
  std::int64_t file = -1, lines = 0;
};

/// Not collective. This rank's share of plain files.
LastPiece share_plain_files(const Comm& comm, const EdgeFiles& files, const TakeLines& take);

/// Collective. This rank's run of lines of all files, of which some are compressed; lines are those of the files.
/// @throws Error bad_input for damaged data, on all ranks.
void hand_out_files(const Comm& comm, const EdgeFiles& files, const TakeLines& take);

}  // namespace synbal::io
