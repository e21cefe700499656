// Balanced networks moved by a known h: symmetric magnitudes cost every neuron as much coming in as going out.
#include <algorithm>
#include <cmath>

#include "network/generator.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::generators {

namespace {

/// Two rows of the same neuron, both ascending: the larger magnitude of each column, with its sign.
void merge_row(const GlobalRows& made, const GlobalRows& turned, std::size_t i, GlobalRows& out) {
  auto a = at(made.row_ptr[i]), b = at(turned.row_ptr[i]);
  const auto a_end = at(made.row_ptr[i + 1]), b_end = at(turned.row_ptr[i + 1]);
  while (a < a_end || b < b_end) {
    const bool take_a = b == b_end || (a < a_end && made.column[a] <= turned.column[b]);
    const bool both = a < a_end && b < b_end && made.column[a] == turned.column[b];
    const auto column = take_a ? made.column[a] : turned.column[b];
    double weight = take_a ? made.weight[a] : turned.weight[b];
    if (both && std::abs(turned.weight[b]) > std::abs(weight)) weight = turned.weight[b];
    out.column.push_back(column), out.weight.push_back(weight);
    if (take_a) ++a;
    if (both || !take_a) ++b;
  }
  out.row_ptr.push_back(std::ssize(out.column));
}

}  // namespace

KnownH::KnownH(const GeneratorParams& params)
    : random_(params.seed, kKnown), spread_(params.scramble), pinned_(pinned_by(params)) {}

double KnownH::operator()(GlobalIndex neuron) const {
  return pinned_ && pinned_(neuron) ? 0.0 : spread_ * random_.normal(static_cast<std::uint64_t>(neuron));
}

GlobalRows scrambled(const Comm& comm, const Ownership& rows, GlobalRows&& made, const GeneratorParams& params) {
  const auto own = std::move(made);
  const auto turned = transpose(comm, rows, own);
  GlobalRows out;
  out.row_ptr.reserve(own.row_ptr.size());
  for (std::size_t i = 0; i + 1 < own.row_ptr.size(); ++i) merge_row(own, turned, i, out);
  const KnownH known_h(params);
  std::vector<double> h;
  for (LocalIndex i = 0; i < rows.count(); ++i) h.push_back(known_h(rows.first() + i));
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    for (auto e = at(out.row_ptr[at(i)]); e < at(out.row_ptr[at(i) + 1]); ++e) {
      const auto j = out.column[e];
      const double other = rows.owns(j) ? h[at(j - rows.first())] : known_h(j);
      out.weight[e] *= std::exp(h[at(i)] - other);
      if (params.inhibitory > 0) out.weight[e] = std::copysign(out.weight[e], sign_of(params, j));
    }
  }
  return out;
}

}  // namespace synbal::generators
