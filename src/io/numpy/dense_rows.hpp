// The weights of a network as a dense matrix, a few rows at a time.
#pragma once

#include "io/tuning.hpp"
#include "synbal/network/network.hpp"

namespace synbal::io {

class DenseRows {
 public:
  /// Collective. Of a network in file order; its transpose with `across`.
  DenseRows(const Comm& comm, const Network& network, bool across);

  /// Not collective. write(first, values) for the elements of the own rows, in ascending order.
  template <class Write>
  void write(Write&& write) const {
    const auto n = own_.size();
    const auto at_once = n == 0 ? 1 : std::max<GlobalIndex>(1, tuning::kPiece / n);
    std::vector<double> lines;
    for (GlobalIndex i = 0; i < own_.count(); i += at_once) {
      const auto end = std::min<GlobalIndex>(i + at_once, own_.count());
      lines.assign(at((end - i) * n), 0.0);
      for (auto k = i; k < end; ++k) fill(k, std::span(lines).subspan(at((k - i) * n), at(n)));
      write((own_.first() + i) * n, std::span<const double>(lines));
    }
  }

 private:
  void fill(GlobalIndex row, std::span<double> line) const {
    for (auto e = rows_.row_ptr[at(row)]; e < rows_.row_ptr[at(row) + 1]; ++e) {
      line[at(rows_.column[at(e)])] += rows_.weight[at(e)];
    }
  }

  Ownership own_;
  GlobalRows rows_;
};

}  // namespace synbal::io
