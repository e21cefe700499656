// What a response amounts to: norms over synapses, totals of neurons, the largest at a distance.
#include <algorithm>
#include <cmath>

#include "perturb/owner_sums.hpp"
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
  return with_ghosts(network.halo, detail::owner_sums(network.halo, touched, 1));
}

/// How much the cost of a synapse changes that responds by `change`, the change that was made included.
class CostChange {
 public:
  CostChange(const SynapsePerturbation& study, std::span<const std::int64_t> entries, bool actual)
      : study_(&study), changed_(entries.begin(), entries.end()), actual_(actual) {
    std::sort(changed_.begin(), changed_.end());
  }
  double operator()(LocalIndex row, std::int64_t entry, double change) const {
    const bool own = std::binary_search(changed_.begin(), changed_.end(), entry);
    const double made = own ? (actual_ ? std::log1p(study_->eta()) : study_->eta()) : 0.0;
    const double exponent = study_->power() * (change + made);
    return study_->cost(row, entry) * (actual_ ? std::expm1(exponent) : exponent);
  }

 private:
  const SynapsePerturbation* study_;
  std::vector<std::int64_t> changed_;  // ascending
  bool actual_;
};

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
  std::vector<double> squares(4, 0.0);
  for_each_synapse(study, [&](LocalIndex i, std::int64_t, LocalIndex j) {
    const double predicted = response.predicted[at(j)] - response.predicted[at(i)];
    squares[0] += predicted * predicted;
    if (response.actual.empty()) return;
    const double actual = response.actual[at(j)] - response.actual[at(i)];
    squares[1] += actual * actual;
    squares[2] += (predicted - actual) * (predicted - actual);
    if (response.quadratic.empty()) return;
    const double off = response.quadratic[at(j)] - response.quadratic[at(i)] - actual;
    squares[3] += off * off;
  });
  study.comm().sum(std::span(squares));
  return {std::sqrt(squares[0]), std::sqrt(squares[1]), std::sqrt(squares[2]), std::sqrt(squares[3])};
}

NeuronTotals neuron_totals(const SynapsePerturbation& study, const Response& response,
                           std::span<const std::int64_t> entries, bool actual) {
  const auto& network = study.network();
  const auto& h = actual ? response.actual : response.predicted;
  const auto rows = at(network.local_size());
  const CostChange cost_change(study, entries, actual);
  constexpr int both = 2;  // log changes, cost changes
  std::vector<double> input(rows * both, 0.0), output((rows + network.halo.ghosts().size()) * both, 0.0);
  for_each_synapse(study, [&](LocalIndex i, std::int64_t e, LocalIndex j) {
    const double change = h[at(j)] - h[at(i)], cost = cost_change(i, e, change);
    input[at(i) * both] += change, input[at(i) * both + 1] += cost;
    output[at(j) * both] += change, output[at(j) * both + 1] += cost;
  });
  const auto owned = detail::owner_sums(network.halo, output, both);
  NeuronTotals totals;
  for (std::size_t i = 0; i < rows; ++i) {
    totals.input_log.push_back(input[i * both]), totals.input_cost.push_back(input[i * both + 1]);
    totals.output_log.push_back(owned[i * both]), totals.output_cost.push_back(owned[i * both + 1]);
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
