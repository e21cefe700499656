// Resistances from the last node backwards. With s_a the shares of node k's edges, a current from k to j meets
//   R_kj = 1 / d_k + sum_a s_a R_aj - (1/2) sum_ab s_a s_b R_ab,
// the energy of (s - e_j) in the graph without k. Of what is subtracted at most about as much again is left, as
// R_aj <= R_ak + R_kj, s_a R_ak <= 1 / d_k <= R_kj.
#include <algorithm>
#include <limits>
#include <utility>

#include "synbal/core/types.hpp"
#include "synbal/krylov/star_mesh.hpp"

namespace synbal {

namespace {

/// For entries without gaps: to_q += s_p r_q; sum of s_q r_q.
double exchange_shares(const double* r, const double* share, std::int64_t count, double own, double* to) {
  double sums[4] = {};
  std::int64_t q = 0;
  for (; q + 4 <= count; q += 4) {
    for (std::int64_t c = 0; c < 4; ++c) to[q + c] += own * r[q + c], sums[c] += share[q + c] * r[q + c];
  }
  for (; q < count; ++q) to[q] += own * r[q], sums[0] += share[q] * r[q];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

// sums_p = sum_q s_q R_pq over the rows p, q of column k; each R_pq lies in the column of the lower one.
void StarMesh::resistances_of(std::int32_t k, std::vector<double>& resistance, std::vector<double>& sums) const {
  const auto begin = begin_[at(k)], count = begin_[at(k) + 1] - begin;
  if (count == 0) return;
  const auto* row = &column_[at(begin)];
  const auto* share = &share_[at(begin)];
  sums.assign(at(count), 0.0);
  for (std::int64_t p = 0; p + 1 < count; ++p) {
    auto from = slot(row[p], row[p + 1]);
    const auto rest = count - p - 1;
    if (from + rest <= begin_[at(row[p]) + 1] && column_[at(from + rest - 1)] == row[count - 1]) {
      sums[at(p)] += exchange_shares(&resistance[at(from)], share + p + 1, rest, share[p], &sums[at(p) + 1]);
      continue;
    }
    for (auto q = p + 1; q < count; ++q, ++from) {
      while (column_[at(from)] != row[q]) ++from;
      sums[at(p)] += share[q] * resistance[at(from)], sums[at(q)] += share[p] * resistance[at(from)];
    }
  }
  double energy = 0;
  for (std::int64_t p = 0; p < count; ++p) energy += share[p] * sums[at(p)];
  for (std::int64_t p = 0; p < count; ++p) {
    resistance[at(begin + p)] = 1 / pivot_[at(k)] + (sums[at(p)] - energy / 2);
  }
}

std::vector<double> StarMesh::edge_resistances() const {
  std::vector<double> resistance(column_.size()), sums, found;
  for (auto k = size(); k-- > 0;) resistances_of(k, resistance, sums);
  found.reserve(slot_.size());
  for (const auto slot : slot_) found.push_back(slot < 0 ? 0.0 : resistance[at(slot)]);
  return found;
}

AllResistances StarMesh::all_resistances() const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto n = at(size());
  std::vector<double> all(n * n, 0.0), sums(n);  // by places
  for (auto k = n; k-- > 0;) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (auto e = begin_[k]; e < begin_[k + 1]; ++e) {
      const double* from = &all[at(column_[at(e)]) * n];
      const double share = share_[at(e)];
      for (std::size_t j = k + 1; j < n && share > 0; ++j) sums[j] += share * from[j];
    }
    double energy = 0;
    for (auto e = begin_[k]; e < begin_[k + 1]; ++e) energy += share_[at(e)] * sums[at(column_[at(e)])];
    for (std::size_t j = k + 1; j < n; ++j) {
      const double value = pivot_[k] > 0 ? 1 / pivot_[k] + (sums[j] - energy / 2) : infinity;
      all[k * n + j] = all[j * n + k] = value;
    }
  }
  return {place_, std::move(all)};
}

}  // namespace synbal
