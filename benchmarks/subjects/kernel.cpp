// One pass over the costs.
#include <algorithm>
#include <cmath>
#include <memory>

#include "subjects/kernel_peer.hpp"
#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/balance/edges.hpp"

namespace synbal::benchmark {

namespace {
/// C x and C^T y.
struct Products {
  std::vector<double> in, out;
  explicit Products(std::size_t n) : in(n), out(n) {}
};

/// Collective. By plain loops.
Products plain(const BalanceProblem& problem, std::span<const double> x, std::span<const double> y) {
  Products sums(x.size());
  const auto all = with_ghosts<double>(problem, x);
  std::vector<double> out(all.size(), 0.0);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    sums.in[at(i)] += c * all[at(j)];
    out[at(j)] += c * y[at(i)];
  });
  HaloExchange<double> exchange(problem.halo());
  exchange.reverse_begin([&](LocalIndex g) { return out[x.size() + at(g)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { out[at(i)] += value; });
  std::copy_n(out.begin(), x.size(), sums.out.begin());
  return sums;
}

/// Collective. The largest relative difference; all terms are positive.
double difference(const Comm& comm, const Products& a, const Products& b) {
  double worst = 0;
  const auto meet = [&](double u, double v) {
    if (u != v) worst = std::max(worst, std::abs(u - v) / std::abs(v));
  };
  for (std::size_t i = 0; i < a.in.size(); ++i) meet(a.in[i], b.in[i]), meet(a.out[i], b.out[i]);
  return comm.max(worst);
}
}  // namespace

void measure_kernel(Contest& contest, const Choices& /*choices*/, const std::string& name) {
  const auto& comm = contest.comm();
  Setting s(comm, name);
  const auto n = at(s.problem.size());
  std::vector<double> x(n), y(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = 1 + 1e-3 * static_cast<double>(i % 97), y[i] = 1 / x[i];
  const auto truth = plain(s.problem, x, y);
  Products own(n), theirs(n);
  const auto edges = static_cast<double>(s.problem.edges());
  const double allowed = 4e-15 * std::sqrt(edges);
  // Costs and columns once; per neuron the two row pointers, four vectors and the slots written and read back.
  const double bytes = 12 * edges + (16 + 4 * 8 + 2 * 16) * static_cast<double>(s.problem.global_size());
  const auto verdict = [&](const Products& products) {
    return Verdict{"largest relative difference from plain sums", difference(comm, products, truth), allowed};
  };
  const auto figures = [&](const Sample& seconds) -> Json {
    return {{"nanoseconds_per_synapse_and_rank", 1e9 * seconds.median() / edges * comm.size()},
            {"bytes_per_second", bytes / seconds.median()},
            {"flops_per_byte", 4 * edges / bytes},  // two products, two sums a synapse
            {"share_of_read_bandwidth", bytes / seconds.median() / contest.limits().read_bandwidth}};
  };
  std::vector<Contender> contenders{{.name = "fused kernel",
                                     .run = [&](Phases&) { s.kernel(x, y, own.in, own.out); },
                                     .verdict = [&] { return verdict(own); },
                                     .figures = figures}};
  std::unique_ptr<KernelPeer> peer;
  if (contest.settings().peers) peer = std::make_unique<KernelPeer>(s.problem);
  contenders.push_back({.name = "PETSc MatMult and MatMultTranspose",
                        .peer = true,
                        .run = [&](Phases&) { peer->multiply(x, y, theirs.in, theirs.out); },
                        .verdict = [&] { return verdict(theirs); }});
  contest.hold({"kernel", facts_of(comm, name, s.network)}, std::move(contenders));
}

}  // namespace synbal::benchmark
