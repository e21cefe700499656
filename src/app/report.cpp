// The pieces of the report.
#include "app/report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "synbal/core/build_info.hpp"
#include "synbal/core/error.hpp"

namespace synbal::app {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

Json report_head(const Comm& comm, const std::string& command_line, const std::string& started) {
  return {{"program", "synbal"},     {"version", version()}, {"git", git_revision()},
          {"command", command_line}, {"ranks", comm.size()}, {"petsc_int_bits", petsc_int_bits()},
          {"started", started},      {"finished", utc_now()}};
}

Json report_input(const Network& network, std::int64_t pinned) {
  const auto& f = network.facts;
  return {{"path", f.path},
          {"format", f.format},
          {"n", network.size()},
          {"nnz", network.nnz},
          {"self_loops", f.self_loops},
          {"duplicates_merged", f.duplicates_merged},
          {"zeros_dropped", f.zeros_dropped},
          {"pinned", pinned}};
}

Json report_components(const Components& components, const BalanceProblem& problem, double cost_inside) {
  const double between = problem.cost_between();
  const double all = between + cost_inside;
  return {{"count", components.count},
          {"nontrivial", components.nontrivial},
          {"largest", components.largest},
          {"edges_between", problem.edges_between()},
          {"cost_share_between", all > 0 ? number(between / all) : Json(nullptr)}};
}

Json report_imbalance(const Imbalance& imbalance) {
  return {{"l1_relative", number(imbalance.l1)},
          {"l2_relative", number(imbalance.l2)},
          {"linf_relative", number(imbalance.linf)},
          {"max_log_ratio", number(imbalance.max_log_ratio)}};
}

Json report_solver(const SolverResult& solver) {
  return {{"method", solver.method},
          {"reason", to_string(solver.reason)},
          {"converged", solver.converged()},
          {"iterations", solver.iterations},
          {"sweeps", solver.sweeps},
          {"newton_steps", solver.newton_steps},
          {"krylov_iterations", solver.krylov_iterations},
          {"matrix_passes", solver.matrix_passes},
          {"newton_step_inf", number(solver.newton_step_inf)}};
}

Json report_times(const PhaseTimes& times) {
  return {{"read", times.read},   {"partition", times.partition}, {"components", times.components},
          {"solve", times.solve}, {"write", times.write},         {"total", times.total}};
}

Json report_memory(const Comm& comm) {
  const auto own = peak_resident_bytes();
  return {{"peak_rss_max", comm.max(own)}, {"peak_rss_sum", comm.sum(own)}};
}

Json report_parallel(const Comm& comm, const Network& network, const BalanceProblem& problem) {
  const auto own = static_cast<std::int64_t>(network.column.size());
  const auto most = comm.max(own);
  std::array<std::int64_t, 4> sums{problem.halo().ghost_count(), problem.size(), problem.halo().traffic().bytes,
                                   problem.halo().traffic().messages};
  comm.sum(std::span<std::int64_t>(sums));
  const double mean = static_cast<double>(network.nnz) / comm.size();
  const auto neurons = static_cast<double>(sums[1]);
  return {{"nnz_max_over_mean", mean > 0 ? number(static_cast<double>(most) / mean) : Json(nullptr)},
          {"ghost_fraction", neurons > 0 ? number(static_cast<double>(sums[0]) / neurons) : Json(nullptr)},
          {"bytes_sent", sums[2]},
          {"messages", sums[3]}};
}

Provenance provenance_of(const Context& context, const InputOptions& input, const Network& network,
                         const std::string& started) {
  Provenance p;
  p.program = "synbal", p.version = version(), p.git = git_revision();
  p.command = context.command_line;
  p.input_path = input.path;
  p.input_size = network.facts.file_size, p.input_checksum = network.facts.checksum;
  p.orientation = name_of(input.read.orientation);
  p.library_versions = library_versions(), p.petsc_int_bits = petsc_int_bits();
  p.started = started, p.finished = utc_now();
  p.power = input.power;
  p.n = network.size(), p.nnz = network.nnz, p.ranks = context.world.size();
  return p;
}

std::int64_t count_pinned(const Comm& comm, const Network& network) {
  const auto& flags = network.nodes.pinned;
  return comm.sum(static_cast<std::int64_t>(std::count(flags.begin(), flags.end(), std::uint8_t{1})));
}

std::string text_of(const Json& value, const char* format) {
  return value.is_null() ? "not known" : fmt::format(fmt::runtime(format), value.get<double>());
}

void print_network(const Json& report) {
  const auto& in = report["input"];
  const auto& k = report["components"];
  fmt::print("network      {}: {} neurons, {} synapses, {} self-loops, {} pinned\n", in["path"].get<std::string>(),
             in["n"].get<std::int64_t>(), in["nnz"].get<std::int64_t>(), in["self_loops"].get<std::int64_t>(),
             in["pinned"].get<std::int64_t>());
  fmt::print("components   {}, of which {} can be balanced (more than one neuron); the largest has {} neurons\n",
             k["count"].get<std::int64_t>(), k["nontrivial"].get<std::int64_t>(), k["largest"].get<std::int64_t>());
  fmt::print("             {} synapses lead from one component to another: {} of the cost cannot be balanced\n",
             k["edges_between"].get<std::int64_t>(),
             k["cost_share_between"].is_null() ? "none"
                                               : fmt::format("{:.3g} %", 100 * k["cost_share_between"].get<double>()));
}

std::string human_bytes(double bytes) {
  static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

void write_report(const Json& report, const std::string& path) {
  const auto temporary = fmt::format("{}.partial-{}", path, ::getpid());
  {
    std::ofstream out(temporary);
    out << report.dump(2) << "\n";
    out.flush();
    if (!out) {
      std::filesystem::remove(temporary);
      throw io_failure(
          fmt::format("{}: the report could not be written (disk full, or no permission): choose another "
                      "place with --report",
                      path));
    }
  }
  std::error_code failed;
  std::filesystem::rename(temporary, path, failed);
  if (failed) throw io_failure(fmt::format("{}: could not be replaced ({})", path, failed.message()));
}

}  // namespace synbal::app
