// Operators for the tests of conjugate gradients, which every rank knows as a whole.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/mpi_test.hpp"
#include "synbal/krylov/operator.hpp"

namespace synbal::test {

/// Places in rows of `length` neighbours each: chains with conductances 10^(place mod `decades`), every one a
/// component; chain 0 is grounded at its first place if `grounded`.
class Chains final : public SymmetricOperator {
 public:
  Chains(const Comm& comm, GlobalIndex chains, GlobalIndex length, int decades, bool grounded)
      : rows_(Ownership::even(comm, chains * length)),
        length_(length),
        decades_(decades),
        grounded_(grounded),
        sums_(comm, labels(), rows_, grounded ? 0 : -1) {
    for (LocalIndex i = 0; i < rows_.count(); ++i) {
      double d = 0;
      for_each_neighbour(rows_.first() + i, [&](GlobalIndex, double w) { d += w; });
      diagonal_.push_back(d + ground(rows_.first() + i));
    }
  }

  [[nodiscard]] const ComponentSums& components() const override { return sums_; }
  [[nodiscard]] std::span<const double> diagonal() const override { return diagonal_; }
  void apply(std::span<const double> x, std::span<double> y, int columns, std::span<double> dots) override {
    const auto all = sums_.comm().gather_all(x);
    const auto m = at(columns);
    std::fill(dots.begin(), dots.end(), 0.0);
    for (LocalIndex i = 0; i < rows_.count(); ++i) {
      const auto g = rows_.first() + i;
      for (std::size_t k = 0; k < m; ++k) {
        const double own = all[at(g) * m + k];
        double sum = ground(g) * own;
        for_each_neighbour(g, [&](GlobalIndex j, double w) { sum += w * (own - all[at(j) * m + k]); });
        y[at(i) * m + k] = sum;
        dots[k] += own * sum;
      }
    }
    ++products;
  }

  [[nodiscard]] const Ownership& rows() const { return rows_; }
  /// The part of [n] values that this rank owns.
  [[nodiscard]] std::vector<double> own(const std::vector<double>& all) const {
    return {all.begin() + rows_.first(), all.begin() + rows_.first() + rows_.count()};
  }

  int products = 0;

 private:
  [[nodiscard]] double ground(GlobalIndex g) const { return grounded_ && g == 0 ? 0.5 : 0.0; }
  template <class Visit>
  void for_each_neighbour(GlobalIndex g, Visit&& visit) const {
    if (g % length_ > 0) visit(g - 1, weight(g - 1));
    if (g % length_ < length_ - 1) visit(g + 1, weight(g));
  }
  [[nodiscard]] double weight(GlobalIndex g) const { return std::pow(10.0, static_cast<double>(g % decades_)); }
  [[nodiscard]] std::vector<GlobalIndex> labels() const {
    std::vector<GlobalIndex> label;
    for (LocalIndex i = 0; i < rows_.count(); ++i) label.push_back((rows_.first() + i) / length_ * length_);
    return label;
  }

  Ownership rows_;
  GlobalIndex length_;
  int decades_;
  bool grounded_;
  ComponentSums sums_;
  std::vector<double> diagonal_;
};

/// [n] Numbers that look random, the same on all ranks.
inline std::vector<double> noise(std::int64_t n, int seed) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) values.push_back(std::sin(1.7 * static_cast<double>((i + 1) * (seed + 3))));
  return values;
}

}  // namespace synbal::test
