// One line of fixed length.
#include "io/seal.hpp"

#include <fmt/format.h>

#include <string_view>

#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
constexpr std::string_view kWords = "\nsynbal seal ";

/// Collective. The last bytes of a file, if they are such a line.
std::string line_of(const Comm& comm, const InputFile& file) {
  const auto inside = file.size() - kSealSize;
  if (inside < 0) return {};
  auto line = agreed(comm, [&] {
    std::string text(kSealSize, '\0');
    return text.substr(0, file.read(inside, text));
  });
  return line.starts_with(kWords) ? line : std::string();
}
}  // namespace

std::string seal_line(std::uint32_t checksum, ByteCount size) {
  return fmt::format("{}{} {:019d}\n", kWords, checksum_words(checksum), size);
}

SealedSum sealed_sum_of(const Comm& comm, const InputFile& file) {
  const auto line = line_of(comm, file);
  if (line.empty()) return {checksum_of(comm, file, file.size()), SealState::none};
  const auto inside = file.size() - kSealSize;
  const auto sum = checksum_of(comm, file, inside);
  const auto seal = line == seal_line(sum, inside) ? SealState::whole : SealState::broken;
  return {checksum_of(std::as_bytes(std::span(line)), sum), seal};
}

SealState seal_of(const Comm& comm, const InputFile& file) {
  return line_of(comm, file).empty() ? SealState::none : sealed_sum_of(comm, file).seal;
}

}  // namespace synbal::io
