// One line of fixed length.
#include "io/seal.hpp"

#include <fmt/format.h>

#include <string_view>

#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
constexpr std::string_view kWords = "\nsynbal seal ";
}

std::string seal_line(const std::string& checksum, ByteCount size) {
  return fmt::format("{}{} {:019d}\n", kWords, checksum, size);
}

SealState seal_of(const Comm& comm, const InputFile& file) {
  const auto inside = file.size() - kSealSize;
  if (inside < 0) return SealState::none;
  const auto line = agreed(comm, [&] {
    std::string text(kSealSize, '\0');
    return text.substr(0, file.read(inside, text));
  });
  if (!line.starts_with(kWords)) return SealState::none;
  return line == seal_line(checksum(comm, file, inside), inside) ? SealState::whole : SealState::broken;
}

}  // namespace synbal::io
