// zlib's raw inflate behind a ByteSource.
#include "io/numpy/inflated_bytes.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace synbal::io {

namespace {
constexpr std::size_t kWindow = std::size_t{1} << 18;  // bytes read or skipped at once

class Inflater {
 public:
  Inflater(const InputFile& file, const ZipMember& member, ByteCount begin)
      : file_(&file), member_(member), begin_(begin), packed_(kWindow) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { close(); }

  void read(ByteCount offset, std::span<std::byte> into) {
    if (!open_ || offset < done_) restart();
    std::vector<std::byte> skipped(offset > done_ ? kWindow : 0);
    while (done_ < offset) {
      unpack(std::span(skipped).first(at(std::min(offset - done_, static_cast<ByteCount>(kWindow)))));
    }
    unpack(into);
  }

 private:
  [[nodiscard]] Error damaged(const char* why) const {
    return bad_input(
        fmt::format("{}: member {}: {} (damaged or truncated): get the file again", file_->path(), member_.name, why));
  }
  void close() {
    if (open_) inflateEnd(&stream_);
    open_ = false;
  }
  void restart() {
    close();
    stream_ = {};
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw internal_error("zlib cannot begin to inflate");
    open_ = true;
    done_ = taken_ = 0;
    crc_ = 0;
  }
  void refill() {
    const auto length = std::min(static_cast<ByteCount>(kWindow), member_.packed - taken_);
    const auto got = file_->read(begin_ + taken_, std::span(packed_).first(at(length)));
    if (got == 0) throw damaged("its data end too early");
    taken_ += static_cast<ByteCount>(got);
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(got);
  }
  /// Pieces of less than 2^32 bytes, as zlib counts.
  void unpack(std::span<std::byte> into) {
    while (!into.empty()) {
      const auto piece = into.first(std::min(into.size(), std::size_t{1} << 30));
      unpack_piece(piece);
      crc_ = checksum_of(piece, crc_);
      done_ += std::ssize(piece);
      into = into.subspan(piece.size());
    }
    if (done_ == member_.size && crc_ != member_.crc) throw damaged("its checksum is wrong");
  }
  void unpack_piece(std::span<std::byte> piece) {
    stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream_.avail_out = static_cast<uInt>(piece.size());
    while (stream_.avail_out > 0) {
      if (stream_.avail_in == 0) refill();
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END && stream_.avail_out > 0) throw damaged("it holds less than it claims");
      if (code != Z_OK && code != Z_STREAM_END) throw damaged("its compressed data are wrong");
    }
  }

  const InputFile* file_;
  ZipMember member_;
  ByteCount begin_;
  std::vector<char> packed_;
  z_stream stream_{};
  bool open_ = false;
  ByteCount done_ = 0, taken_ = 0;  // bytes given out, bytes taken from the file
  std::uint32_t crc_ = 0;
};
}  // namespace

ByteSource inflated_bytes(const InputFile& file, const ZipMember& member, ByteCount begin) {
  const auto inflater = std::make_shared<Inflater>(file, member, begin);
  return [inflater](ByteCount offset, std::span<std::byte> into) { inflater->read(offset, into); };
}

}  // namespace synbal::io
