// Writing Matrix Market files: the same bytes at any rank count.
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "io/assembly.hpp"
#include "io/format.hpp"
#include "io/mark.hpp"
#include "io/text/text_output.hpp"

namespace synbal::io {

namespace {
std::string header_text(const Network& network) {
  return fmt::format("%%MatrixMarket matrix coordinate real general{0}{1} {1} {2}\n", kMarketComment, network.size(),
                     network.nnz);
}

class LineFormatter {
 public:
  /// Shortest decimal digits that give the same double back.
  std::string_view line(GlobalIndex row, GlobalIndex column, double weight) {
    char* next = std::to_chars(text_.data(), end(), row + 1).ptr;
    *next++ = ' ';
    next = std::to_chars(next, end(), column + 1).ptr;
    *next++ = ' ';
    next = std::to_chars(next, end(), weight).ptr;
    *next++ = '\n';
    return {text_.data(), at(next - text_.data())};
  }

 private:
  char* end() noexcept { return text_.data() + text_.size() - 1; }  // leaves room for a separator
  std::array<char, 96> text_;
};

/// The header on rank 0, then a line for every synapse of this rank in file order.
TextLines lines_of(const Comm& comm, const Network& network) {
  return [&](const TakeText& take) {
    if (comm.is_root()) take(header_text(network));
    LineFormatter format;
    for (LocalIndex i = 0; i < network.local_size(); ++i) {
      for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
        take(format.line(network.file_index(i), network.global(network.column[e]), network.weight[e]));
      }
    }
  };
}
}  // namespace

void write_matrix_market(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) { write_text(comm, lines_of(comm, ordered), path); });
}

void write_matrix_market_gz(const Comm& comm, const Network& network, const std::string& path) {
  with_file_order(comm, network, [&](const Network& ordered) { write_text_gz(comm, lines_of(comm, ordered), path); });
}

}  // namespace synbal::io
