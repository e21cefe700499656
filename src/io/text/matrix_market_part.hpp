// What one rank has read of a Matrix Market file, and how the parts of all ranks become a network.
#pragma once

#include <functional>
#include <optional>

#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/sizes.hpp"
#include "io/text/matrix_market_text.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

struct MmPart {
  Triplets entries;
  std::int64_t lines = 0;  ///< taken without error; lines of the ranks in order make up the file behind its header
  std::int64_t count = 0;  ///< entries as the size line counts them
  std::int64_t above = 0, below = 0;  ///< MmEntryParser::first_above(), first_below()
  std::optional<LineError> failure;
};

/// Takes the lines of the header off `text` and adds their bytes; true when the header is complete.
bool take_header(MmHeaderParser& parser, std::string_view& text, ByteCount& bytes);

/// What parse() finds, as sizes. Not collective. @throws Error bad_input.
NetworkSizes sizes_from(const InputFile& file, const std::function<MmHeader()>& parse);

/// Collective. What parse() finds on rank 0, on all ranks. `expansion`: see check_plausible_size.
template <class Parse>
MmHeader common_header(const Comm& comm, const InputFile& file, int expansion, Parse&& parse) {
  auto header = agreed(comm, [&] {
    try {
      auto found = comm.is_root() ? parse() : MmHeader{};
      check_plausible_size(file.path(), found.n, file.size(), expansion);
      return found;
    } catch (const LineError& e) {
      throw at_line(file.path(), e.line(), e.what());
    }
  });
  SYNBAL_MPI(MPI_Bcast(&header, sizeof header, MPI_BYTE, 0, comm.get()));
  return header;
}

/// Collective. @throws Error bad_input: the first failure of all parts with its line in the file, or wrong counts.
Network finish_matrix_market(const Comm& comm, const InputFile& file, const MmHeader& header, MmPart&& part,
                             const ReadOptions& options);

}  // namespace synbal::io
