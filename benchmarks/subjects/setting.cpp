// From names to networks, problems and graphs.
#include "subjects/setting.hpp"

#include <fmt/format.h>

#include <cmath>

#include "laplacian_graphs.hpp"
#include "synbal/core/error.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/perturb/problem_graph.hpp"

namespace synbal::benchmark {

Network named_network(const Comm& comm, const std::string& name) {
  ReadOptions options;
  options.checksum = false;
  return read_network(comm, name, options);
}

namespace {
/// Collective. The largest over the mean of what ranks have; null of nothing.
Json most_over_mean(const Comm& comm, double own) {
  const double most = comm.max(own), sum = comm.sum(own);
  return sum > 0 ? Json(most * comm.size() / sum) : Json();
}
/// Collective. Ghosts of all ranks over the number of neurons or nodes; null without any.
Json ghost_fraction(const Comm& comm, const Halo& halo, GlobalIndex size) {
  const auto ghosts = static_cast<double>(comm.sum(std::int64_t{halo.ghost_count()}));
  return size > 0 ? Json(ghosts / static_cast<double>(size)) : Json();
}
}  // namespace

Json facts_of(const Comm& comm, const std::string& name, const Network& network) {
  return {{"name", name},
          {"neurons", network.size()},
          {"synapses", network.nnz},
          {"synapses_max_over_mean", most_over_mean(comm, static_cast<double>(network.column.size()))},
          {"ghost_fraction", ghost_fraction(comm, network.halo, network.size())}};
}

Setting::Setting(const Comm& c, const std::string& name)
    : comm(c),
      network(named_network(c, name)),
      components(strongly_connected_components(comm, network)),
      problem(comm, network, components, 2),
      kernel(problem),
      sums(problem) {}

void Setting::restart() { problem.rebase(std::vector<double>(at(problem.size()), 0.0)); }

Verdict Setting::verdict_of(std::span<const double> h, double tolerance) const {
  const auto everywhere = problem.to_network(h, 0.0);
  const auto costs = direct_costs(comm, network, components, everywhere, problem.power());
  return {"imbalance recomputed from the weights", direct_imbalance(comm, network, costs).l1, 1.01 * tolerance + 1e-14};
}

namespace {
GraphChoice graph_choice(const std::string& words) {
  GraphChoice choice;
  for (std::size_t begin = 0; begin <= words.size();) {
    const auto end = std::min(words.find(',', begin), words.size());
    const auto word = words.substr(begin, end - begin);
    const auto equals = word.find('=');
    const auto number = [&] { return std::llround(std::stod(word.substr(equals + 1))); };
    if (equals == word.npos) choice.kind = word;
    if (word.starts_with("nodes=")) choice.nodes = number();
    if (word.starts_with("edges=")) choice.edges = number();
    if (word.starts_with("seed=")) choice.seed = static_cast<std::uint64_t>(number());
    begin = end + 1;
  }
  return choice;
}
}  // namespace

ConductanceGraph named_graph(const Comm& comm, const std::string& name) {
  constexpr std::string_view families = "graph:";
  if (name.starts_with(families)) return benchmark_graph(comm, graph_choice(name.substr(families.size())));
  const auto network = named_network(comm, name);
  const auto components = strongly_connected_components(comm, network);
  return graph_of(BalanceProblem(comm, network, components, 2));
}

Json facts_of(const std::string& name, const ConductanceGraph& graph) {
  const auto ends = graph.size() > 0 ? graph.row_end(graph.size() - 1) : 0;
  return {{"name", name},
          {"nodes", graph.global_size()},
          {"edges", graph.edges()},
          {"edges_max_over_mean", most_over_mean(graph.comm(), static_cast<double>(ends))},
          {"ghost_fraction", ghost_fraction(graph.comm(), graph.halo(), graph.global_size())}};
}

}  // namespace synbal::benchmark
