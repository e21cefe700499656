// The common parts of reports.
#include "app/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "synbal/core/build_info.hpp"
#include "synbal/io/selection.hpp"

namespace synbal::app {

RunHead head_of(const Context& context, const std::string& started) {
  return {context.command_line, started, utc_now(), context.world.size()};
}

void describe(ReportWriter& report, const RunHead& head) {
  report("program", "synbal")("version", version())("git", git_revision())("command", head.command);
  report("ranks", head.ranks)("petsc_int_bits", petsc_int_bits())("started", head.started)("finished", head.finished);
}

namespace {

/// A pinned neuron on its way to the summary.
struct PinnedNeuron {
  std::int64_t place = 0, id = 0;
  std::array<char, 40> name{};  // cut off where it is longer
};

/// Collective. [rank 0] "10, 11, 15 and 7 more", by names or ids; what numbers count from where they are places.
std::string first_pinned(const Comm& comm, const Network& network, std::int64_t count) {
  constexpr std::size_t most = 6;
  const auto& nodes = network.nodes;
  const auto ids = neuron_ids(network);
  std::vector<PinnedNeuron> own;
  for (std::size_t i = 0; i < nodes.pinned.size() && own.size() < most; ++i) {
    if (nodes.pinned[i] == 0) continue;
    auto& neuron = own.emplace_back(PinnedNeuron{network.file_index(static_cast<LocalIndex>(i)), ids[i], {}});
    if (!nodes.name.empty()) nodes.name[i].copy(neuron.name.data(), neuron.name.size() - 1);
  }
  const bool places = !comm.any(!nodes.id.empty() || !nodes.name.empty());
  auto all = on_root<PinnedNeuron>(comm, own);
  std::ranges::sort(all, {}, &PinnedNeuron::place);
  if (all.size() > most) all.resize(most);
  std::string text;
  for (const auto& n : all) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", n.name[0] != 0 ? n.name.data() : std::to_string(n.id));
  }
  if (count > std::ssize(all)) text += fmt::format(" and {} more", count - std::ssize(all));
  return text + (places ? " (counted from 0)" : "");
}

}  // namespace

InputSection input_of(const Comm& comm, const Network& network) {
  const auto pinned = std::ranges::count(network.nodes.pinned, std::uint8_t{1});
  InputSection input{network.facts,
                     network.size(),
                     network.nnz,
                     comm.sum(static_cast<std::int64_t>(pinned)),
                     alpha_checksum(comm, network),
                     {}};
  if (input.pinned > 0) input.pinned_names = first_pinned(comm, network, input.pinned);
  return input;
}

void describe(ReportWriter& report, const InputSection& input) {
  const auto& f = input.facts;
  report("path", f.path)("format", f.format)("n", input.neurons)("nnz", input.synapses);
  report("self_loops", f.self_loops)("duplicates_merged", f.duplicates_merged)("zeros_dropped", f.zeros_dropped);
  report("pinned", input.pinned)("taken_as", f.taken_as);
}

ComponentsSection components_of(const Components& components, const BalanceProblem& problem, double cost_inside) {
  ComponentsSection section{components.count,
                            components.nontrivial,
                            components.largest,
                            problem.edges_between(),
                            {},
                            problem.free_synapses().count(problem.comm())};
  if (cost_inside > 0 || problem.share_between() > 0) section.share_between = problem.share_between();
  const double between = problem.cost_between();
  if (std::isnormal(between) || std::isinf(between)) section.cost_between = between;
  return section;
}

void describe(ReportWriter& report, const ComponentsSection& components) {
  report("count", components.count)("nontrivial", components.nontrivial)("largest", components.largest);
  report("edges_between", components.edges_between)("cost_share_between", components.share_between);
  if (components.free > 0) report("edges_free", components.free);
}

void CostSection::bound_by(const Certificate& certificate, const BalanceProblem& problem) {
  if (certificate.lower_bound == 0.0 && certificate.gap != 0.0) return;  // that no cost is negative needs no proof
  if (certificate.lower_bound) lower_bound = *certificate.lower_bound * problem.cost_unit();
  if (certificate.gap) gap = *certificate.gap * problem.cost_unit();
  if (certificate.lower_bound) log10_bound = std::log10(*certificate.lower_bound) + problem.log10_cost_unit();
}

std::string cost_text(std::optional<double> cost, std::optional<double> log10) {
  const bool beyond = !cost || !std::isnormal(*cost);
  return beyond && log10 && std::isfinite(*log10) ? fmt::format("10^{:.10g}", *log10) : text_of(cost);
}

void describe(ReportWriter& report, const CostSection& cost) {
  report("power", cost.terms.empty() ? cost.power : NAN)("initial", cost.initial)("final", cost.final);
  if (!cost.terms.empty()) report("terms", cost.terms);
  report("lower_bound", cost.lower_bound)("gap", cost.gap);
  if (cost.log10_initial) report("log10_initial", *cost.log10_initial)("log10_final", *cost.log10_final);
}

HSection h_of(const BalanceProblem& problem, std::span<const double> h) {
  constexpr double beyond = 1e300;
  const auto [low, high] = std::ranges::minmax_element(h);
  const double least = problem.comm().min(h.empty() ? beyond : *low);
  const double most = problem.comm().max(h.empty() ? -beyond : *high);
  return problem.global_size() > 0 ? HSection{least, most} : HSection{};
}

void describe(ReportWriter& report, const HSection& h) { report("min", h.min)("max", h.max); }

MemorySection memory_of(const Comm& comm) {
  const auto own = peak_resident_bytes();
  return {comm.max(own), comm.sum(own)};
}

void describe(ReportWriter& report, const MemorySection& memory) {
  report("peak_rss_max", memory.peak_max)("peak_rss_sum", memory.peak_sum);
}

ParallelSection parallel_of(const Network& network, const BalanceProblem& problem) {
  const auto& comm = problem.comm();
  const auto& [messages, bytes] = problem.halo().traffic();
  const auto own = problem.has_synapses() ? std::ssize(network.column) : problem.network_entries();
  const auto most = comm.max(own);
  std::array<std::int64_t, 4> sums{problem.halo().ghost_count(), problem.size(), bytes, messages};
  comm.sum(std::span<std::int64_t>(sums));
  ParallelSection section{{}, {}, sums[2], sums[3]};
  const double mean = static_cast<double>(network.nnz) / comm.size();
  if (mean > 0) section.synapses_max_over_mean = static_cast<double>(most) / mean;
  if (sums[1] > 0) section.ghost_fraction = static_cast<double>(sums[0]) / static_cast<double>(sums[1]);
  return section;
}

void describe(ReportWriter& report, const ParallelSection& parallel) {
  report("nnz_max_over_mean", parallel.synapses_max_over_mean)("ghost_fraction", parallel.ghost_fraction);
  report("bytes_sent", parallel.bytes_sent)("messages", parallel.messages);
}

void describe(ReportWriter& report, const Imbalance& imbalance) {
  report("l1_relative", imbalance.l1)("l2_relative", imbalance.l2)("linf_relative", imbalance.linf);
  report("max_log_ratio", imbalance.max_log_ratio);
}

void describe(ReportWriter& report, const CutFacts& cuts) {
  report("clusters", cuts.clusters)("weakest_share", cuts.weakest_share)("max_log_ratio", cuts.max_log_ratio);
}

void print_cuts(const std::optional<CutFacts>& cuts) {
  if (!cuts) return;
  fmt::print(
      "cuts         {} clusters hang together weakly: the weakest cut is {:.1e} of the cost; {:.1e} at most in "
      "log(in/out) of a cut\n",
      cuts->clusters, cuts->weakest_share, cuts->max_log_ratio);
}

void describe(ReportWriter& report, const SolverResult& solver) {
  report("method", solver.method)("reason", to_string(solver.reason))("converged", solver.converged());
  report("iterations", solver.iterations)("sweeps", solver.sweeps)("newton_steps", solver.newton_steps);
  report("krylov_iterations", solver.krylov_iterations)("matrix_passes", solver.matrix_passes);
  report("newton_step_inf", solver.newton_step_inf);
}

void describe(ReportWriter& report, const PhaseTimes& times) {
  report("read", times.read)("partition", times.partition)("components", times.components);
  report("solve", times.solve)("write", times.write)("total", times.total);
}

Provenance provenance_of(const Context& context, const InputOptions& input, const Network& network,
                         const std::string& started) {
  Provenance p;
  p.program = "synbal", p.version = version(), p.git = git_revision();
  p.command = context.command_line;
  p.input_path = input.path;
  p.input_size = network.facts.file_size, p.input_checksum = network.facts.checksum;
  p.orientation = to_string(input.read.orientation);
  p.libraries = library_versions(), p.petsc_int_bits = petsc_int_bits();
  p.started = started, p.finished = utc_now();
  p.power = input.power;
  p.n = network.size(), p.nnz = network.nnz, p.ranks = context.world.size();
  return p;
}

namespace {

/// What cannot be balanced; "100 %" is all, not what is rounded to it.
std::string share_text(const ComponentsSection& components) {
  constexpr double hardly_less = 0.9995;
  const auto& share = components.share_between;
  if (!share) return "an unknown share";
  const bool rounded = *share > hardly_less && components.nontrivial > 0;
  return rounded ? "nearly all" : fmt::format("{:.3g} %", 100 * *share);
}

std::string beside_text(const std::optional<double>& cost) {
  if (!cost) return {};
  return std::isinf(*cost) ? " (beyond 10^308, beside the costs below)"
                           : fmt::format(" ({:.6g}, beside the costs below)", *cost);
}

}  // namespace

void print_between(const ComponentsSection& components) {
  if (components.edges_between == 0) {
    fmt::print("             no synapse leads from one component to another\n");
    return;
  }
  const bool one = components.edges_between == 1;
  fmt::print("             {} {} from one component to another: {} of the cost cannot be balanced{}\n",
             components.edges_between, one ? "synapse leads" : "synapses lead", share_text(components),
             beside_text(components.cost_between));
}

void print_network(const InputSection& input, const ComponentsSection& components) {
  fmt::print("network      {}: {} neurons, {} synapses, {} self-loops, {} pinned\n", input.facts.path, input.neurons,
             input.synapses, input.facts.self_loops, input.pinned);
  fmt::print("             {}\n", input.facts.taken_as);
  if (input.pinned > 0) fmt::print("pinned       {}: {}\n", input.pinned, input.pinned_names);
  fmt::print("components   {}, of which {} can be balanced (more than one neuron); the largest has {} neurons\n",
             components.count, components.nontrivial, components.largest);
  print_between(components);
  if (components.free > 0) {
    fmt::print("             {} synapses cost nothing (a gain or alpha of 0): scaled, but no part of the balance\n",
               components.free);
  }
}

void print_spent(const PhaseTimes& times, const char* solving, const MemorySection& memory, int ranks) {
  fmt::print("time         {:.3g} s reading, {:.3g} s components, {:.3g} s {}, {:.3g} s writing on {} rank(s)\n",
             times.read, times.components, times.solve, solving, times.write, ranks);
  fmt::print("memory       {} on all ranks\n", human_bytes(static_cast<double>(memory.peak_sum)));
}

std::string text_of(double value, const char* format) {
  return std::isfinite(value) ? fmt::format(fmt::runtime(format), value) : "not known";
}

std::string text_of(const std::optional<double>& value, const char* format) {
  return text_of(value.value_or(NAN), format);
}

std::string human_bytes(double bytes) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

const char* converged_text(bool converged) { return converged ? "converged" : "TOLERANCE NOT REACHED"; }

}  // namespace synbal::app
