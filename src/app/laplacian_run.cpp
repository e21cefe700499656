// The common frame of the Laplacian commands.
#include "app/laplacian_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "synbal/core/agree.hpp"
#include "synbal/core/build_info.hpp"

namespace synbal::app {

namespace {
constexpr const char* kPetscPrefix = "laplacian_";
}

Option add_laplacian_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds) {
  add_graph_options(command, options.graph);
  add_conductances_option(command, options.graph);
  return add_output_options(command, options, kinds);
}

Option add_output_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds) {
  const auto output =
      command.add("-o,--output", options.output, fmt::format("file to write ({})", kinds)).shown_as("OUT");
  command.add("--report", options.report, "all figures of the run as JSON").shown_as("FILE.json");
  command.add_choice("--preconditioner", options.preconditioner,
                     {"auto", "jacobi", "incomplete", "multigrid", "direct"},
                     "of conjugate gradients; auto chooses by the progress they make (PETSc options: -laplacian_...)");
  return output;
}

LaplacianRun::LaplacianRun(const Context& context, const LaplacianOptions& options, OutputKind kind,
                           const std::vector<std::string>& inputs)
    : context_(&context), options_(&options), started_(utc_now()) {
  agreed(comm(), [&] { check_graph_options(options.graph); });
  auto others = input_files(options.graph);
  std::ranges::copy_if(inputs, std::back_inserter(others), [](const auto& file) { return !file.empty(); });
  context.session.refuse_unused_petsc_options(kPetscPrefix);  // those of the solver can only be judged at the end
  if (!options.output.empty()) {
    check_output(comm(), options.output, kind, others);
    others.push_back(options.output);
  }
  if (!options.report.empty()) check_output(comm(), options.report, OutputKind::report, others);
  source_.emplace(comm(), options.graph, times_);
  const auto pinned = count_pinned(comm(), source_->network());
  report_["input"] = report_input(source_->network(), pinned);
  report_["graph"] = report_graph(*source_, options.graph);
}

LaplacianSolverParams LaplacianRun::solver_params() const {
  LaplacianSolverParams params;
  const auto& name = options_->preconditioner;
  if (name == "jacobi") params.preconditioner = Preconditioner::jacobi;
  if (name == "incomplete") params.preconditioner = Preconditioner::incomplete;
  if (name == "multigrid") params.preconditioner = Preconditioner::multigrid;
  if (name == "direct") params.preconditioner = Preconditioner::direct;
  return params;
}

LaplacianSolver& LaplacianRun::solver() {
  if (!solver_) solver_ = std::make_unique<LaplacianSolver>(graph(), solver_params());
  return *solver_;
}

Provenance LaplacianRun::provenance(double tolerance) const {
  auto about = provenance_of(*context_, options_->graph.input, source_->network(), started_);
  about.tolerance = tolerance;
  return about;
}

ExitCode LaplacianRun::finish(const Ending& ending) {
  const auto code = ending.converged && source_->converged() ? ExitCode::done : ExitCode::not_converged;
  if (!options_->output.empty() && ending.write) {
    auto about = provenance(ending.tolerance);
    about.reason = code == ExitCode::done ? "converged" : "tolerance not reached";
    about.exit_code = static_cast<int>(code);
    timed(comm(), times_.write, [&] { return ending.write(about), 0; });
  }
  times_.total = comm().max(total_.seconds());
  auto report = report_head(comm(), context_->command_line, started_);
  report.update(report_);
  report["time"] = report_times(times_);
  report["memory"] = report_memory(comm());
  agreed(comm(), [&] {
    if (!comm().is_root()) return;
    if (!options_->report.empty()) write_report(report, options_->report);
    if (context_->verbosity < 0) return;
    print_graph(report);
    ending.print(report);
    fmt::print("time         {:.3g} s reading, {:.3g} s solving, {:.3g} s writing on {} rank(s)\n", times_.read,
               times_.solve, times_.write, comm().size());
    if (!options_->output.empty()) fmt::print("result       {}\n", options_->output);
  });
  context_->session.refuse_unused_petsc_options();  // last, so that a finished result is not lost over them
  return code;
}

}  // namespace synbal::app
