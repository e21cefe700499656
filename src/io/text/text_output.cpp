// Lengths first, then bytes at their places; or pieces sent to the rank that compresses.
#include "io/text/text_output.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "io/output_file.hpp"
#include "io/tuning.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/tags.hpp"

namespace synbal::io {

namespace {
/// Calls take(text) for pieces of at least tuning::kTextBlock bytes but for the last, which is never empty.
void for_pieces(const TextLines& lines, const TakeText& take) {
  std::string piece;
  piece.reserve(tuning::kTextBlock + 4096);
  lines([&](std::string_view line) {
    piece += line;
    if (piece.size() < tuning::kTextBlock) return;
    take(piece);
    piece.clear();
  });
  if (!piece.empty()) take(piece);
}

/// Compresses on rank 0. After a failure it keeps taking text, so that the senders come to their end.
class Compressor {
 public:
  Compressor(const std::string& partial_path, const std::string& path) : path_(path) {
    stream_.reset(gzopen(partial_path.c_str(), "wb6"));
    if (!stream_) throw io_failure(fmt::format("{}: cannot be written ({})", path, std::strerror(errno)));
    gzbuffer(stream_.get(), 1U << 18);
  }
  void take(std::string_view text) {
    if (!failed_ && !text.empty())
      failed_ = gzwrite(stream_.get(), text.data(), static_cast<unsigned>(text.size())) <= 0;
  }
  void finish() {
    if (gzclose(stream_.release()) != Z_OK) failed_ = true;
    if (failed_) throw io_failure(fmt::format("{}: cannot be written (disk full?): free some space", path_));
  }

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> stream_{nullptr, gzclose};
  bool failed_ = false;
};

void send_pieces(const Comm& comm, const TextLines& lines) {
  const auto send = [&](std::string_view text) {
    SYNBAL_MPI(MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, 0, tag::text_output, comm.get()));
  };
  for_pieces(lines, send);
  send({});
}

}  // namespace

bool receive_text(const Comm& comm, Rank from, int tag, std::vector<char>& text) {
  MPI_Status status;
  int size = 0;
  SYNBAL_MPI(MPI_Probe(from, tag, comm.get(), &status));
  SYNBAL_MPI(MPI_Get_count(&status, MPI_CHAR, &size));
  text.resize(at(size));
  SYNBAL_MPI(MPI_Recv(text.data(), size, MPI_CHAR, from, tag, comm.get(), MPI_STATUS_IGNORE));
  return size > 0;
}

void write_text(const Comm& comm, const TextLines& lines, const std::string& path) {
  OutputFile file(comm, path);
  const auto bytes = agreed(comm, [&] {
    ByteCount own = 0;
    lines([&](std::string_view line) { own += std::ssize(line); });
    return own;
  });
  auto at = comm.sum_below(bytes);
  file.allocate(comm.sum(bytes));
  file.open_everywhere();
  agreed(comm, [&] {
    for_pieces(lines, [&](std::string_view text) {
      file.write(at, text);
      at += std::ssize(text);
    });
  });
  file.commit();
}

void write_text_gz(const Comm& comm, const TextLines& lines, const std::string& path) {
  OutputFile file(comm, path);
  std::optional<Compressor> compressor;
  agreed(comm, [&] {
    if (comm.is_root()) compressor.emplace(file.partial_path(), path);
  });
  if (comm.is_root()) {
    for_pieces(lines, [&](std::string_view text) { compressor->take(text); });
    std::vector<char> text;
    for (Rank r = 1; r < comm.size(); ++r) {
      while (receive_text(comm, r, tag::text_output, text)) compressor->take({text.data(), text.size()});
    }
  } else {
    send_pieces(comm, lines);
  }
  agreed(comm, [&] {
    if (compressor) compressor->finish();
  });
  file.commit();
}

}  // namespace synbal::io
