// Writing Matrix Market files: the same bytes at any rank count, plain ones by all ranks at once.
#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "file_order.hpp"
#include "format.hpp"
#include "output_file.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
constexpr std::size_t kPiece = std::size_t{1} << 22;
constexpr int kTextTag = 32;

std::string header_text(const Network& network) {
  return fmt::format(
      "%%MatrixMarket matrix coordinate real general\n% row = postsynaptic, column = presynaptic neuron\n"
      "{0} {0} {1}\n",
      network.size(), network.nnz);
}

class LineFormatter {
 public:
  /// Shortest decimal digits that give the same double back.
  std::string_view line(GlobalIndex row, GlobalIndex column, double weight) {
    char* at = std::to_chars(text_.data(), end(), row + 1).ptr;
    *at++ = ' ';
    at = std::to_chars(at, end(), column + 1).ptr;
    *at++ = ' ';
    at = std::to_chars(at, end(), weight).ptr;
    *at++ = '\n';
    return {text_.data(), static_cast<std::size_t>(at - text_.data())};
  }

 private:
  char* end() noexcept { return text_.data() + text_.size() - 1; }  // leaves room for a separator
  std::array<char, 96> text_;
};

/// Calls take(line) for every synapse of this rank in file order.
template <class Take>
void for_lines(const Network& network, Take&& take) {
  LineFormatter format;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (auto k = network.row_ptr[row]; k < network.row_ptr[row + 1]; ++k) {
      const auto entry = static_cast<std::size_t>(k);
      take(format.line(network.file_index(i), network.global(network.column[entry]), network.weight[entry]));
    }
  }
}

/// Calls take(text) for pieces of this rank's part of the file, the header first on rank 0.
template <class Take>
void for_pieces(const Comm& comm, const Network& network, Take&& take) {
  std::string piece = comm.is_root() ? header_text(network) : std::string();
  piece.reserve(kPiece + 128);
  for_lines(network, [&](std::string_view line) {
    piece += line;
    if (piece.size() < kPiece) return;
    take(piece);
    piece.clear();
  });
  if (!piece.empty()) take(piece);
}

void write_plain(const Comm& comm, const Network& network, const std::string& path) {
  OutputFile file(comm, path);
  // Formatting twice costs less than holding the text: lengths first, then bytes at their places.
  ByteCount bytes = comm.is_root() ? static_cast<ByteCount>(header_text(network).size()) : 0;
  for_lines(network, [&](std::string_view line) { bytes += static_cast<ByteCount>(line.size()); });
  auto at = comm.sum_below(bytes);
  file.allocate(comm.sum(bytes));
  file.open_everywhere();
  agreed(comm, [&] {
    for_pieces(comm, network, [&](std::string_view text) {
      file.write(at, text);
      at += static_cast<ByteCount>(text.size());
    });
  });
  file.commit();
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

void send_pieces(const Comm& comm, const Network& network) {
  const auto send = [&](std::string_view text) {
    SYNBAL_MPI(MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, 0, kTextTag, comm.get()));
  };
  for_pieces(comm, network, send);
  send({});
}

void receive_pieces(const Comm& comm, Rank from, Compressor& compressor) {
  std::vector<char> text(kPiece + 128);
  for (;;) {
    MPI_Status status;
    SYNBAL_MPI(MPI_Recv(text.data(), static_cast<int>(text.size()), MPI_CHAR, from, kTextTag, comm.get(), &status));
    int size = 0;
    SYNBAL_MPI(MPI_Get_count(&status, MPI_CHAR, &size));
    if (size == 0) return;
    compressor.take({text.data(), static_cast<std::size_t>(size)});
  }
}

void write_compressed(const Comm& comm, const Network& network, const std::string& path) {
  OutputFile file(comm, path);
  std::optional<Compressor> compressor;
  agreed(comm, [&] {
    if (comm.is_root()) compressor.emplace(file.partial_path(), path);
  });
  if (comm.is_root()) {
    for_pieces(comm, network, [&](std::string_view text) { compressor->take(text); });
    for (Rank r = 1; r < comm.size(); ++r) receive_pieces(comm, r, *compressor);
  } else {
    send_pieces(comm, network);
  }
  agreed(comm, [&] {
    if (compressor) compressor->finish();
  });
  file.commit();
}
}  // namespace

void write_matrix_market(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) { write_plain(comm, ordered, path); });
}

void write_matrix_market_gz(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) { write_compressed(comm, ordered, path); });
}

}  // namespace synbal::io
