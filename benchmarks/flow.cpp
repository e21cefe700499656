// The Lax flow by CVODE against a dense explicit Runge-Kutta 4(5) on weights and h together, in a process of its own,
// with a verdict: h against the Newton solver's. `synbal-benchmark flow` holds it against CVODE's own linear solvers.
//   benchmark_flow [--nodes N] [--reference-seconds S]
#include "synbal/flow/flow.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>

#include "flow_reference.hpp"
#include "measure.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/session.hpp"
#include "synbal/network/generate.hpp"

namespace synbal::benchmark {

namespace {

using Json = nlohmann::ordered_json;

struct Options {
  GeneratorParams network;
  double gain_sigma = 1;
  double tolerance = 1e-10;  // of the imbalance
  IntegratorParams integrator;
  double reference_seconds = 60;
  double agreement = 1e-6;  // of h
};

/// A network, ready for solvers.
struct Setting {
  Network network;
  Components components;
  BalanceProblem problem;
  FusedKernel kernel;
  ComponentSums sums;

  Setting(const Comm& comm, Network&& given)
      : network(std::move(given)),
        components(strongly_connected_components(comm, network)),
        problem(comm, network, components, 2),
        kernel(problem),
        sums(problem) {}
};

struct TimedFlow {
  FlowResult result;
  double seconds = 0;
};

/// Collective. From h = 0 to equilibrium.
TimedFlow time_flow(const Comm& comm, Setting& s, const Options& options) {
  const std::vector<double> origin(at(s.problem.size()), 0.0);
  s.problem.rebase(origin);
  FlowParams params;
  params.integrator = options.integrator;
  params.tolerance = options.tolerance;
  comm.barrier();
  const Timer timer;
  auto result = Flow(s.problem, s.kernel, s.sums)(origin, params);
  comm.barrier();
  return {std::move(result), comm.max(timer.seconds())};
}

struct TimedNewton {
  Equilibrium found;
  double seconds = 0;
};

/// Collective. The whole of balance(): solve, judge, certify.
TimedNewton time_newton(const Comm& comm, Setting& s) {
  s.problem.rebase(std::vector<double>(at(s.problem.size()), 0.0));
  BalanceParams params;
  params.method = Method::newton;
  comm.barrier();
  const Timer timer;
  auto found = balance(s.problem, params);
  comm.barrier();
  return {std::move(found), comm.max(timer.seconds())};
}

double largest_difference(const Comm& comm, std::span<const double> a, std::span<const double> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return comm.max(largest);
}

Json json_of(const FlowResult& r) {
  const auto& s = r.statistics;
  return {{"outcome", to_string(r.end)},
          {"message", r.message},
          {"time_reached", r.time},
          {"imbalance", r.imbalance.l1},
          {"cost_initial", r.initial_cost},
          {"cost_final", r.final_cost},
          {"steps", s.steps},
          {"right_hand_sides", s.derivatives},
          {"krylov_iterations", s.krylov_iterations},
          {"linear_solver_failures", s.linear_failures},
          {"error_test_failures", s.error_test_failures},
          {"matrix_passes", r.matrix_passes},
          {"largest_cost_increase", r.largest_cost_increase}};
}

/// What the reference is told, and what it tells, through pipes: plain numbers.
struct ReferenceTask {
  std::int64_t n = 0;
  double end_time = 0, seconds = 0;
};
struct ReferenceReport {
  double time = 0, seconds = 0, imbalance = 0, initial_imbalance = 0, cost = 0, initial_cost = 0;
  std::int64_t steps = 0, evaluations = 0, peak_bytes = 0, bytes_before = 0;
  std::int64_t stuck = 0;
};

void write_all(int file, const void* data, std::size_t bytes) {
  for (const auto* place = static_cast<const char*>(data); bytes > 0;) {
    const auto written = write(file, place, bytes);
    if (written <= 0) throw internal_error(fmt::format("a pipe broke: {}", std::strerror(errno)));
    place += written, bytes -= static_cast<std::size_t>(written);
  }
}

void read_all(int file, void* data, std::size_t bytes) {
  for (auto* place = static_cast<char*>(data); bytes > 0;) {
    const auto got = read(file, place, bytes);
    if (got <= 0) throw internal_error("the reference process ended without a report");
    place += got, bytes -= static_cast<std::size_t>(got);
  }
}

/// Bytes of a line of /proc/self/status: unlike those of getrusage they begin with the program that runs.
std::int64_t status_bytes(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return 1024 * std::stoll(line.substr(name.size() + 1));
  }
  return 0;
}

/// The child: no MPI, the task on standard input, the report on standard output.
int run_reference() {
  ReferenceTask task;
  read_all(STDIN_FILENO, &task, sizeof(task));
  const auto n = at(task.n);
  std::vector<double> y(n * n + n), squared_gain(n);
  read_all(STDIN_FILENO, squared_gain.data(), n * sizeof(double));
  read_all(STDIN_FILENO, y.data(), n * n * sizeof(double));
  DenseBalancing rate(n, squared_gain);
  ReferenceReport report;
  report.bytes_before = status_bytes("VmRSS");
  report.initial_imbalance = rate.imbalance(y);
  report.initial_cost = rate.cost(y);
  const Timer timer;
  RungeKutta45 integration(rate, std::move(y));
  while (report.stuck == 0 && integration.time() < task.end_time && timer.seconds() < task.seconds) {
    report.stuck = integration.advance(task.end_time) ? 0 : 1;
  }
  report.seconds = timer.seconds();
  report.time = integration.time();
  report.imbalance = rate.imbalance(integration.state());
  report.cost = rate.cost(integration.state());
  report.steps = integration.steps(), report.evaluations = integration.evaluations();
  report.peak_bytes = status_bytes("VmHWM");
  write_all(STDOUT_FILENO, &report, sizeof(report));
  write_all(STDOUT_FILENO, integration.state().data() + n * n, n * sizeof(double));
  return 0;
}

/// Another process of this program with pipes to and from it.
class ReferenceProcess {
 public:
  ReferenceProcess() {
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0) throw internal_error("no pipe for the reference process");
    child_ = fork();
    if (child_ < 0) throw internal_error("no process for the reference");
    if (child_ == 0) {
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      for (const int file : {to[0], to[1], from[0], from[1]}) close(file);
      execl("/proc/self/exe", "benchmark_flow", "--reference-process", nullptr);
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    to_ = to[1], from_ = from[0];
  }
  ReferenceProcess(const ReferenceProcess&) = delete;
  ReferenceProcess& operator=(const ReferenceProcess&) = delete;
  ~ReferenceProcess() {
    close(to_);
    close(from_);
    waitpid(child_, nullptr, 0);
  }

  template <class T>
  void tell(std::span<const T> values) const {
    write_all(to_, values.data(), values.size_bytes());
  }
  template <class T>
  void hear(std::span<T> values) const {
    read_all(from_, values.data(), values.size_bytes());
  }

 private:
  pid_t child_ = -1;
  int to_ = -1, from_ = -1;
};

/// Gains e^{sigma z}, z standard normal.
void give_gains(Network& network, double sigma, std::uint64_t seed) {
  const CounterRandom random(seed, 17);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    network.nodes.gain.push_back(std::exp(sigma * random.normal(static_cast<std::uint64_t>(network.rows.first() + i))));
  }
}

std::vector<double> dense(const Network& network) {
  const auto n = at(network.size());
  std::vector<double> j(n * n, 0.0);
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      j[at(i) * n + at(network.column[at(e)])] = network.weight[at(e)];
    }
  }
  return j;
}

struct Reference {
  ReferenceReport report;
  std::vector<double> h;
};

Reference run_reference_on(const Network& network, double end_time, double seconds) {
  auto squared_gain = network.nodes.gain;
  for (double& v : squared_gain) v *= v;
  const auto j = dense(network);
  const ReferenceProcess process;
  const ReferenceTask task{network.size(), end_time, seconds};
  process.tell(std::span(&task, 1));
  process.tell(std::span<const double>(squared_gain));
  process.tell(std::span<const double>(j));
  Reference found{{}, std::vector<double>(at(network.size()))};
  process.hear(std::span(&found.report, 1));
  process.hear(std::span(found.h));
  return found;
}

Json json_of(const ReferenceReport& r, double end_time, std::int64_t n) {
  const auto state = static_cast<std::int64_t>(sizeof(double)) * (n * n + n);
  const char* const outcome = r.stuck != 0        ? "steps became too short"
                              : r.time < end_time ? "out of seconds"
                                                  : "end time reached";
  return {{"outcome", outcome},
          {"time_reached", r.time},
          {"share_of_the_way", r.time / end_time},
          {"imbalance", r.imbalance},
          {"cost_initial", r.initial_cost},
          {"cost_final", r.cost},
          {"steps", r.steps},
          {"right_hand_sides", r.evaluations},
          {"seconds", r.seconds},
          {"peak_rss", r.peak_bytes},
          {"bytes_added", r.peak_bytes - r.bytes_before},
          {"bytes_of_a_kept_trajectory", state * (r.steps + 1)}};
}

int compare_with_reference(const Comm& comm, const Options& options) {
  if (comm.size() > 1) throw usage_error("the reference is serial: run this comparison without mpirun");
  auto network = generate(comm, options.network);
  give_gains(network, options.gain_sigma, options.network.seed);
  const auto before = status_bytes("VmRSS");
  const Timer setting_up;
  Setting s(comm, std::move(network));
  const double setup_seconds = setting_up.seconds();
  const auto flow = time_flow(comm, s, options);
  const auto peak = status_bytes("VmHWM");
  const auto newton = time_newton(comm, s);
  const double end_time = flow.result.time;
  const auto reference = run_reference_on(s.network, end_time, options.reference_seconds);

  const double difference = largest_difference(comm, flow.result.h, newton.found.h);
  const bool right = flow.result.end == FlowEnd::equilibrium && difference <= options.agreement;
  const auto h = s.problem.to_network(flow.result.h, 0.0);
  auto by_flow = json_of(flow.result);
  by_flow["seconds"] = flow.seconds;
  by_flow["setup_seconds"] = setup_seconds;
  by_flow["peak_rss"] = peak;
  by_flow["bytes_added"] = peak - before;
  auto by_reference = json_of(reference.report, end_time, s.network.size());
  by_reference["largest_difference_of_h_from_the_flow"] = largest_difference(comm, h, reference.h);
  const Json result{{"benchmark", "flow against a dense Runge-Kutta 4(5) on weights and h"},
                    {"machine", machine(comm)},
                    {"network", s.network.facts.path},
                    {"gain_sigma", options.gain_sigma},
                    {"neurons", s.network.size()},
                    {"synapses", s.problem.edges()},
                    {"flow", by_flow},
                    {"reference", by_reference},
                    {"time_ratio", reference.report.seconds / (flow.seconds + setup_seconds)},
                    {"largest_difference_of_h_from_newton", difference},
                    {"correct", right}};
  fmt::print("{}\n", result.dump(2));
  return right ? 0 : 1;
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("--nodes", options.network.nodes, "neurons");
  app.add_option("--kind", options.network.kind, "family of networks");
  app.add_option("--sigma", options.network.sigma, "lognormal spread of the weights");
  app.add_option("--seed", options.network.seed, "of the random numbers");
  app.add_option("--tolerance", options.tolerance, "imbalance at which the flow stops");
  app.add_option("--relative-tolerance", options.integrator.relative_tolerance, "of the flow");
  app.add_option("--absolute-tolerance", options.integrator.absolute_tolerance, "of the flow");
  app.add_option("--gain-sigma", options.gain_sigma, "lognormal spread of the gains");
  app.add_option("--reference-seconds", options.reference_seconds, "limit of the reference");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--reference-process") return run_reference();
  CLI::App app{"The Lax flow against a dense explicit Runge-Kutta on weights and h", "benchmark_flow"};
  Options options;
  options.network.kind = "dense";
  options.network.nodes = 128;
  add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  const Session session("benchmark_flow");
  return compare_with_reference(session.world(), options);
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
