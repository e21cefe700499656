// zlib's gzFile with our errors.
#include "io/text/gz_text.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace synbal::io {

GzText::GzText(const InputFile& file) : path_(file.path()) {
  std::array<char, 2> magic{};
  const auto got = file.read(0, magic);
  if (got < magic.size() || magic[0] != '\x1f' || magic[1] != '\x8b') {
    throw bad_input(fmt::format("{}: is not compressed with gzip ({}): rename it, or compress it", path_,
                                file.size() == 0 ? "the file is empty" : "its first bytes are not 1f 8b"));
  }
  const int copy = ::dup(file.descriptor());
  if (copy < 0 || ::lseek(copy, 0, SEEK_SET) != 0) throw io_failure(path_ + ": cannot be opened again for reading");
  stream_ = Handle<gzFile, GzTraits>::adopt(gzdopen(copy, "rb"));
  gzbuffer(stream_.get(), 1U << 18);
}

std::size_t GzText::read(char* into, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const auto want = static_cast<unsigned>(std::min(size - done, std::size_t{1} << 30));
    const auto got = gzread(stream_.get(), into + done, want);
    if (got < 0) throw damaged();
    done += at(got);
    if (static_cast<unsigned>(got) < want) {
      int code = Z_OK;
      gzerror(stream_.get(), &code);
      if (code != Z_OK && code != Z_STREAM_END) throw damaged();
      break;
    }
  }
  return done;
}

Error GzText::damaged() const {
  int code = Z_OK;
  const char* told = gzerror(stream_.get(), &code);
  std::string why = told != nullptr ? told : "";
  if (why.starts_with("<fd:") && why.find(": ") != why.npos) why.erase(0, why.find(": ") + 2);
  if (code == Z_ERRNO) return io_failure(fmt::format("{}: reading failed ({}): try again", path_, why));
  return bad_input(fmt::format("{}: the compressed data are damaged or truncated ({}): get the file again", path_,
                               why.empty() ? "unexpected end of file" : why));
}

}  // namespace synbal::io
