// synbal-benchmark SUBJECT [OPTIONS]: times of one subject beside its peers, on networks by name. Lines of JSON on
// stdout, one for each contender whose answer is right.
//   [mpirun -n P] synbal-benchmark solve --network random:nodes=100000,degree=20 --methods newton,sweep
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/session.hpp"

namespace synbal::benchmark {

namespace {

constexpr const char* kEdges = "edges";

struct Entry {
  Subject* measure;
  const char* help;
  std::vector<std::string> networks;  ///< where none are named
};

const std::map<std::string, Entry>& subjects() {
  static const std::map<std::string, Entry> all{
      {"kernel", {measure_kernel, "one pass over the costs", {"random:nodes=100000,degree=100"}}},
      {"solve", {measure_solve, "equilibria by --methods", {"random:nodes=20000,degree=20,sigma=1"}}},
      {"flow", {measure_flow, "the Lax flow to its end", {"random:nodes=20000,degree=20,sigma=1"}}},
      {"stochastic", {measure_stochastic, "asynchronous balancing", {"random:nodes=20000,degree=20,sigma=1"}}},
      {"laplacian", {measure_laplacian, "solves with the graph Laplacian", {"graph:random", "graph:modular-3"}}},
      {"modes", {measure_modes, "the slowest modes", {"graph:random,nodes=20000,edges=200000"}}},
      {"resistance", {measure_resistance, "effective resistances", {"graph:random,nodes=2000,edges=20000"}}},
      {"simulate", {measure_simulate, "steps of a simulation", {"random:nodes=100000,degree=20"}}},
      {"blocks", {measure_blocks, "ghosts and messages on up to 1,024 ranks", {"random:nodes=100000,degree=20"}}},
      {"io", {measure_io, "files there and back", {"random:nodes=100000,degree=20"}}}};
  return all;
}

void add_settings(CLI::App& app, Settings& settings) {
  auto* group = app.add_option_group("Every subject");
  group->add_option("--network", settings.networks,
                    "files, names of what `synbal generate` makes, or (laplacian, modes, resistance) "
                    "graph:KIND,nodes=N,edges=M");
  group->add_option("--warmups", settings.warmups, "runs that do not count")->check(CLI::NonNegativeNumber);
  group->add_option("--repeats", settings.repeats, "runs that do")->check(CLI::PositiveNumber)->capture_default_str();
  group->add_flag("!--no-peers", settings.peers, "this library alone");
  group->add_option("--array-bytes", settings.array_bytes, "of the arrays that measure the memory's bandwidth, a rank")
      ->check(CLI::Range(std::int64_t{1} << 12, std::int64_t{1} << 36))
      ->capture_default_str();
  group->add_option("--most-seconds", settings.most_seconds, "of a run: who is slower is not run again")
      ->capture_default_str();
}

void add_choices(CLI::App& app, Choices& choices) {
  auto* group = app.add_option_group("Some subjects");
  group->add_option("--tolerance", choices.tolerance, "of imbalances")->capture_default_str();
  group->add_option("--residual", choices.residual, "of linear solves and modes")->capture_default_str();
  group->add_option("--methods", choices.methods, "solve: auto, newton, sweep, flow, stochastic")
      ->delimiter(',')
      ->check(CLI::IsMember({"auto", "newton", "sweep", "flow", "stochastic"}));
  group->add_option("--columns", choices.columns, "simulate: runs side by side")->check(CLI::Range(1, 4096));
  group->add_option("--count", choices.count, "modes: how many")->check(CLI::PositiveNumber);
  group->add_option("--solves", choices.solves, "resistance: random solves of an estimate")->check(CLI::Range(2, 4096));
  group->add_option("--folder", choices.folder, "io: where files go")->capture_default_str();
  group->add_option("--extensions", choices.extensions, "io: formats")->delimiter(',');
}

/// For python_peers.py: "i j conductance" of every edge of the first graph, nodes from 0.
int print_edges(const Comm& comm, const Settings& settings) {
  if (comm.size() > 1) throw usage_error("edges are printed by one rank: leave mpirun out");
  if (settings.networks.empty()) throw usage_error("whose edges? --network names a graph");
  const auto graph = named_graph(comm, settings.networks.front());
  for_each_undirected_edge(
      graph, [](LocalIndex i, LocalIndex j, double conductance) { fmt::print("{} {} {:.17g}\n", i, j, conductance); });
  return 0;
}

int run(const Comm& comm, const std::string& name, Settings settings, const Choices& choices) {
  if (name == kEdges) return print_edges(comm, settings);
  const auto& [measure, help, networks] = subjects().at(name);
  if (settings.networks.empty()) settings.networks = networks;
  Contest contest(comm, settings);
  for (const auto& network : settings.networks) measure(contest, choices, network);
  return contest.all_right() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Benchmarks of synbal, each with its peers in the same run", "synbal-benchmark"};
  Settings settings;
  Choices choices;
  app.require_subcommand(1)->fallthrough();
  for (const auto& [name, entry] : subjects()) app.add_subcommand(name, entry.help);
  app.add_subcommand(kEdges, "no benchmark: prints the edges of a graph, for python_peers.py");
  add_settings(app, settings), add_choices(app, choices);
  CLI11_PARSE(app, argc, argv);
  const Session session("synbal-benchmark");
  try {
    return run(session.world(), app.get_subcommands().front()->get_name(), settings, choices);
  } catch (const Error& e) {
    if (session.world().is_root()) fmt::print(stderr, "synbal-benchmark: error: {}\n", e.what());
    return static_cast<int>(e.code());
  }
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
