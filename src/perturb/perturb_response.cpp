// What a response amounts to: norms over synapses, totals of neurons, the largest at a distance.
#include <algorithm>
#include <cmath>

#include "synbal/core/block_exchange.hpp"
#include "synbal/perturb/perturb.hpp"

namespace synbal {

namespace {

/// visit(row, entry, column) for this rank's synapses that take part.
template <class Visit>
void for_each_synapse(const SynapsePerturbation& study, Visit&& visit) {
  const auto& network = study.network();
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto j = network.column[at(e)];
      if (study.takes_part(i, j)) visit(i, e, j);
    }
  }
}

/// Collective. [rows + ghosts] 1 for the ends of changed synapses.
std::vector<double> touched_neurons(const SynapsePerturbation& study, std::span<const std::int64_t> entries) {
  const auto& network = study.network();
  const auto rows = at(network.local_size());
  std::vector<double> touched(rows + network.halo.ghosts().size(), 0.0);
  for (const auto e : entries) touched[at(study.row_of(e))] = 1, touched[at(network.column[at(e)])] = 1;
  BlockExchange exchange(network.halo);
  std::vector<double> owned(touched.begin(), touched.begin() + static_cast<std::ptrdiff_t>(rows));
  exchange.reverse_add(std::span(touched).subspan(rows), owned, 1);
  std::copy(owned.begin(), owned.end(), touched.begin());
  exchange.forward_begin(std::span(touched).first(rows), std::span(touched).subspan(rows), 1);
  exchange.forward_end();
  return touched;
}

double size_of(const DistantResponse& r, bool actual) { return std::abs(actual ? r.actual : r.predicted); }

/// Largest first; ties by place, so that any rank count gives the same list.
void keep_largest(std::vector<DistantResponse>& list, std::int64_t count, bool actual) {
  const auto before = [actual](const DistantResponse& a, const DistantResponse& b) {
    const double x = size_of(a, actual), y = size_of(b, actual);
    if (x != y) return x > y;
    return a.postsynaptic != b.postsynaptic ? a.postsynaptic < b.postsynaptic : a.presynaptic < b.presynaptic;
  };
  const auto kept = std::min(list.size(), at(count));
  std::partial_sort(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(kept), list.end(), before);
  list.resize(kept);
}

/// Collective. The lists of all ranks, one after the other.
std::vector<DistantResponse> gathered(const Comm& comm, const std::vector<DistantResponse>& own) {
  std::vector<std::int64_t> ends;
  std::vector<double> values;
  for (const auto& r : own) {
    ends.insert(ends.end(), {r.postsynaptic, r.presynaptic});
    values.insert(values.end(), {r.cost, r.predicted, r.actual});
  }
  ends = comm.gather_all(std::span<const std::int64_t>(ends));
  values = comm.gather_all(std::span<const double>(values));
  std::vector<DistantResponse> all(ends.size() / 2);
  for (std::size_t k = 0; k < all.size(); ++k) {
    all[k] = {ends[2 * k], ends[2 * k + 1], values[3 * k], values[3 * k + 1], values[3 * k + 2]};
  }
  return all;
}

}  // namespace

ResponseNorms response_norms(const SynapsePerturbation& study, const Response& response) {
  std::vector<double> squares(3, 0.0);
  for_each_synapse(study, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    const double predicted = response.predicted[at(j)] - response.predicted[at(i)];
    squares[0] += predicted * predicted;
    if (response.actual.empty()) return;
    const double actual = response.actual[at(j)] - response.actual[at(i)];
    squares[1] += actual * actual;
    squares[2] += (predicted - actual) * (predicted - actual);
  });
  study.comm().sum(std::span(squares));
  return {std::sqrt(squares[0]), std::sqrt(squares[1]), std::sqrt(squares[2])};
}

NeuronTotals neuron_totals(const SynapsePerturbation& study, const Response& response,
                           std::span<const std::int64_t> entries, bool actual) {
  const auto& network = study.network();
  const auto& h = actual ? response.actual : response.predicted;
  const auto rows = at(network.local_size());
  const double p = study.power();
  std::vector<std::int64_t> changed(entries.begin(), entries.end());
  std::sort(changed.begin(), changed.end());
  constexpr int kBoth = 2;  // log changes, cost changes
  std::vector<double> input(rows * kBoth, 0.0), output((rows + network.halo.ghosts().size()) * kBoth, 0.0);
  for_each_synapse(study, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    const double change = h[at(j)] - h[at(i)];
    const bool own = std::binary_search(changed.begin(), changed.end(), e);
    const double made = own ? (actual ? std::log1p(study.eta()) : study.eta()) : 0.0;
    const double relative = actual ? std::expm1(p * (change + made)) : p * (change + made);
    const double cost = study.cost(i, e) * relative;
    input[at(i) * kBoth] += change, input[at(i) * kBoth + 1] += cost;
    output[at(j) * kBoth] += change, output[at(j) * kBoth + 1] += cost;
  });
  std::vector<double> owned(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(rows * kBoth));
  BlockExchange(network.halo).reverse_add(std::span(output).subspan(rows * kBoth), owned, kBoth);
  NeuronTotals totals;
  for (std::size_t i = 0; i < rows; ++i) {
    totals.input_log.push_back(input[i * kBoth]), totals.input_cost.push_back(input[i * kBoth + 1]);
    totals.output_log.push_back(owned[i * kBoth]), totals.output_cost.push_back(owned[i * kBoth + 1]);
  }
  return totals;
}

std::vector<DistantResponse> largest_at_distance(const SynapsePerturbation& study, const Response& response,
                                                 std::span<const std::int64_t> entries, std::int64_t count) {
  const auto& network = study.network();
  const bool actual = !response.actual.empty();
  const auto touched = touched_neurons(study, entries);
  std::vector<DistantResponse> largest;
  for_each_synapse(study, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    if (touched[at(i)] != 0 || touched[at(j)] != 0) return;
    largest.push_back({network.global(i), network.global(j), study.cost(i, e),
                       response.predicted[at(j)] - response.predicted[at(i)],
                       actual ? response.actual[at(j)] - response.actual[at(i)] : 0.0});
    if (largest.size() >= 2 * at(count) + 1024) keep_largest(largest, count, actual);
  });
  keep_largest(largest, count, actual);
  auto all = gathered(study.comm(), largest);
  keep_largest(all, count, actual);
  return all;
}

}  // namespace synbal
