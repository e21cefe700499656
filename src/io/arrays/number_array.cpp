// Stored numbers are read and converted piece by piece.
#include "io/arrays/number_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "io/tuning.hpp"

namespace synbal::io {

namespace {
class StoredArray final : public NumberArray {
 public:
  StoredArray(std::string name, std::int64_t length, NumberType type, ByteSource bytes)
      : NumberArray(std::move(name), length), type_(type), bytes_(std::move(bytes)) {}

  void read(std::int64_t first, std::int64_t count, double* into) const override {
    in_pieces(first, count, [&](std::int64_t done, std::span<const std::byte> bytes, std::size_t length) {
      convert(bytes, type_, std::span(into + done, length));
    });
  }

  void read(std::int64_t first, std::int64_t count, std::int64_t* into) const override {
    in_pieces(first, count, [&](std::int64_t done, std::span<const std::byte> bytes, std::size_t length) {
      const auto wrong = convert(bytes, type_, std::span(into + done, length));
      if (!wrong) return;
      throw bad_input(fmt::format("{}: element {} is no whole number up to 2^63 - 1: store signed integers, int64 best",
                                  name(), first + done + static_cast<std::int64_t>(*wrong)));
    });
  }

 private:
  template <class Use>
  void in_pieces(std::int64_t first, std::int64_t count, Use&& use) const {
    std::vector<std::byte> piece(at(std::min(count, tuning::kPiece) * type_.bytes));
    for (std::int64_t done = 0; done < count; done += tuning::kPiece) {
      const auto length = std::min(tuning::kPiece, count - done);
      const auto bytes = std::span(piece).first(at(length * type_.bytes));
      bytes_((first + done) * type_.bytes, bytes);
      use(done, bytes, at(length));
    }
  }

  NumberType type_;
  ByteSource bytes_;
};
}  // namespace

std::unique_ptr<NumberArray> stored_array(std::string name, std::int64_t length, NumberType type, ByteSource bytes) {
  return std::make_unique<StoredArray>(std::move(name), length, type, std::move(bytes));
}

ByteSource plain_bytes(const InputFile& file, ByteCount offset) {
  return [&file, offset](ByteCount from, std::span<std::byte> into) {
    const auto got = file.read(offset + from, {reinterpret_cast<char*>(into.data()), into.size()});
    if (got < into.size()) throw bad_input(file.path() + ": ends within its data (truncated): get the file again");
  };
}

}  // namespace synbal::io
