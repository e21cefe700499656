// How near the fused kernel is to the memory's read bandwidth: bytes moved per second against a STREAM-like read,
// measured in the same run, with a correctness verdict.
//   [mpirun -n P] benchmark_kernel [--nodes N] [--degree K] [--repeats R]
#include "synbal/balance/kernel.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <numeric>

#include "bandwidth.hpp"
#include "measure.hpp"
#include "synbal/balance/edges.hpp"
#include "synbal/core/session.hpp"
#include "synbal/network/generate.hpp"

namespace synbal::benchmark {

namespace {

/// Largest relative difference between the kernel and two plain products, over ranks.
double difference(const BalanceProblem& problem, FusedKernel& kernel, std::span<const double> x,
                  std::span<const double> y) {
  std::vector<double> in(x.size()), out(x.size()), plain_in(x.size(), 0.0);
  kernel(x, y, in, out);
  const auto all = with_ghosts<double>(problem, x);
  std::vector<double> plain_out(all.size(), 0.0);
  for_each_edge(problem, [&](LocalIndex i, LocalIndex j, double c) {
    plain_in[static_cast<std::size_t>(i)] += c * all[static_cast<std::size_t>(j)];
    plain_out[static_cast<std::size_t>(j)] += c * y[static_cast<std::size_t>(i)];
  });
  HaloExchange<double> exchange(problem.halo());
  exchange.reverse_begin([&](LocalIndex g) { return plain_out[x.size() + static_cast<std::size_t>(g)]; });
  exchange.reverse_end([&](LocalIndex i, double value) { plain_out[static_cast<std::size_t>(i)] += value; });
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(in[i] - plain_in[i]) / plain_in[i]);
    worst = std::max(worst, std::abs(out[i] - plain_out[i]) / plain_out[i]);
  }
  return problem.comm().max(worst);
}

int run(const Comm& comm, const GeneratorParams& params, int repeats) {
  const auto network = generate(comm, params);
  const auto components = strongly_connected_components(comm, network);
  const BalanceProblem problem(comm, network, components, 2);
  FusedKernel kernel(problem);
  std::vector<double> x(static_cast<std::size_t>(problem.size())), y(x), in(x), out(x);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1 + 1e-3 * static_cast<double>(i % 97), y[i] = 1 / x[i];
  const double worst = difference(problem, kernel, x, y);
  const double allowed = 1e-15 * 4 * std::sqrt(static_cast<double>(problem.edges()));
  const auto time = measure(comm, repeats, [&] { kernel(x, y, in, out); });
  const auto edges = static_cast<double>(problem.edges());
  // Costs and columns once; per neuron the two row pointers, four vectors and the slots written and read back.
  const double bytes = 12 * edges + (16 + 4 * 8 + 2 * 16) * static_cast<double>(problem.global_size());
  const double bandwidth = bytes / time.median, read = read_bandwidth(comm, repeats);
  const bool right = worst <= allowed;
  if (comm.is_root()) {
    const nlohmann::ordered_json result{{"benchmark", "kernel"},
                                        {"machine", machine(comm)},
                                        {"neurons", problem.global_size()},
                                        {"synapses", problem.edges()},
                                        {"seconds_per_pass", json_of(time)},
                                        {"nanoseconds_per_synapse", 1e9 * time.median / edges * comm.size()},
                                        {"kernel_bytes_per_second", bandwidth},
                                        {"read_bytes_per_second", read},
                                        {"share_of_read_bandwidth", bandwidth / read},
                                        {"largest_relative_difference", worst},
                                        {"correct", right}};
    fmt::print("{}\n", result.dump(2));
  }
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Fused kernel against read bandwidth", "benchmark_kernel"};
  GeneratorParams params;
  params.nodes = 100000, params.degree = 300;
  int repeats = 15;
  app.add_option("--nodes", params.nodes, "neurons");
  app.add_option("--degree", params.degree, "in-degree");
  app.add_option("--kind", params.kind, "family of networks");
  app.add_option("--repeats", repeats, "timed runs of each");
  CLI11_PARSE(app, argc, argv);
  const Session session("benchmark_kernel");
  return run(session.world(), params, repeats);
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
