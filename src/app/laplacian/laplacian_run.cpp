// The common frame of the Laplacian commands, and the command that holds some of them.
#include "app/laplacian/laplacian_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/watchdog.hpp"

namespace synbal::app {

namespace {

constexpr const char* kPetscPrefix = "laplacian_";

constexpr std::array kPreconditioners{Preconditioner::jacobi, Preconditioner::incomplete, Preconditioner::multigrid,
                                      Preconditioner::direct};

}  // namespace

Option add_laplacian_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds) {
  add_graph_options(command, options.graph);
  add_conductances_option(command, options.graph);
  return add_output_options(command, options, kinds);
}

Option add_output_options(const OptionSet& command, LaplacianOptions& options, const std::string& kinds) {
  const auto output =
      command.add("-o,--output", options.output, fmt::format("file to write ({})", kinds)).shown_as("OUT");
  add_report_option(command, options.report);
  const auto choose = [&wanted = options.solver.preconditioner](std::size_t k) {
    wanted = k == 0 ? std::nullopt : std::optional(kPreconditioners[k - 1]);
  };
  command.add_choice("--preconditioner", {"auto", "jacobi", "incomplete", "multigrid", "direct"}, 0, choose,
                     "of conjugate gradients; auto chooses by the progress they make (PETSc options: -laplacian_...)");
  return output;
}

void add_answer_keeping(const OptionSet& command, LaplacianOptions& options) {
  options.keeps = true;
  add_checkpoint_options(command, options.checkpoint);
}

LaplacianRun::LaplacianRun(const Context& context, const LaplacianOptions& options, OutputKind kind,
                           const std::vector<std::string>& inputs)
    : context_(&context), options_(&options), checkpoint_(options.checkpoint) {
  agreed(comm(), [&] { check_graph_options(options.graph); });
  auto files = input_files(options.graph);
  std::ranges::copy_if(inputs, std::back_inserter(files), [](const auto& file) { return !file.empty(); });
  context.session.refuse_unused_petsc_options(kPetscPrefix);  // those of the solver can only be judged at the end
  if (!options.keeps_somewhere()) checkpoint_.interval = 0;
  const auto kept = checkpoint_.interval > 0 ? checkpoint_.path_for(options.output) : std::string();
  check_outputs(context, {{options.output, kind}, {options.report, OutputKind::report}, {kept, OutputKind::checkpoint}},
                files);
  if (options.keeps) kept_.emplace(context, checkpoint_, options.output, beginning_);
  source_.emplace(comm(), options.graph, times_);
  enter_phase("solve");
  refuse_foreign(context);
  input_ = input_of(comm(), source_->network());
  graph_ = graph_section_of(*source_, options.graph);
  progress_.emplace(options.name);
}

LaplacianSolver& LaplacianRun::solver() {
  if (!solver_) solver_ = std::make_unique<LaplacianSolver>(graph(), options_->solver);
  return *solver_;
}

void LaplacianRun::keep_answers(RunFacts more) {
  if (!kept_) return;
  const auto& network = source_->network();
  const auto& graph = options_->graph;
  const auto& sum = network.facts.checksum;
  const bool by_ranks = graph.input.read.partition == PartitionKind::ptscotch;
  RunFacts facts{{"the input", sum.empty() ? graph.input.path : sum},
                 {"--orientation", to_string(graph.input.read.orientation)},
                 {"--duplicates", to_string(graph.input.read.duplicates)},
                 {"the hash of pinned neurons and gains", neuron_facts(comm(), network)},
                 {"--power", fmt::format("{}", graph.input.power)},
                 {"--conductances", graph.conductances ? "given" : "not given"},
                 {"--at", graph.at},
                 {"the ranks of --partition ptscotch", by_ranks ? fmt::format("{}", comm().size()) : "any"}};
  if (graph.at_result()) facts.emplace_back("the hash of the h of --at", state_facts(*source_->problem(), network));
  for (auto& fact : more) facts.push_back(std::move(fact));
  kept_->attach(network, std::move(facts), provenance(0));
}

AnswerKeeper* LaplacianRun::answers(const char* name) { return kept_ ? &kept_->list(name) : nullptr; }

Provenance LaplacianRun::provenance(double tolerance) const {
  auto about = provenance_of(*context_, options_->graph.input, source_->network(), beginning_.date);
  about.tolerance = tolerance;
  return about;
}

/// The whole report, of which a command gives one section.
struct LaplacianReport {
  const LaplacianRun& run;
  RunHead head;
  MemorySection memory;
  const std::function<void(ReportWriter&)>& describe_section;
  const std::function<void()>& print_section;
};

void describe(ReportWriter& report, const LaplacianReport& r) {
  describe(report, r.head);
  report("input", r.run.input_)("graph", r.run.graph_);
  r.describe_section(report);
  report("time", r.run.times_)("memory", r.memory);
  if (!r.run.kept_) return;
  const auto& file = r.run.kept_->file();
  if (file.resumed()) report("resumed", *file.resumed());
  if (file.written().written > 0) report("checkpoints", file.written());
}

void print(const LaplacianReport& r) {
  const auto& times = r.run.times_;
  print_graph(r.run.input_, r.run.graph_);
  r.print_section();
  if (r.run.kept_ && r.run.kept_->file().resumed()) {
    print(*r.run.kept_->file().resumed());
    fmt::print("             {} answers were known from there\n", r.run.kept_->found());
  }
  fmt::print("time         {:.3g} s reading, {:.3g} s solving, {:.3g} s writing on {} rank(s)\n", times.read,
             times.solve, times.write, r.head.ranks);
  if (!r.run.options_->output.empty()) fmt::print("result       {}\n", r.run.options_->output);
}

void LaplacianRun::write(const Ending& ending, ExitCode code) {
  if (options_->output.empty() || ending.table == nullptr) return;
  auto about = provenance(ending.tolerance);
  about.reason = code == ExitCode::done ? "converged" : "tolerance not reached";
  about.exit_code = static_cast<int>(code);
  auto table = *ending.table;
  table.named = &source_->network();
  timed(comm(), times_.write, [&] { write_table(comm(), table, about, options_->output); });
}

std::string LaplacianRun::remedy(const Ending& ending) const {
  if (!source_->converged()) {
    return "the equilibrium that the graph is taken at was not reached: run `synbal balance` first, which says what to "
           "try, and give its result (--at RESULT.h5)";
  }
  if (!ending.remedy.empty()) return ending.remedy;
  return "the tolerance was not reached: try a larger --tolerance, or --preconditioner multigrid (direct: up to some "
         "10,000 neurons)";
}

ExitCode LaplacianRun::finish(const Ending& ending, const std::function<void(ReportWriter&)>& describe_section,
                              const std::function<void()>& print_section) {
  progress_.reset();
  const auto code = ending.converged && source_->converged() ? ExitCode::done : ExitCode::not_converged;
  agreed(comm(), [] { fault_point("write"); });
  write(ending, code);
  if (kept_ && code == ExitCode::done) kept_->file().remove();
  times_.total = comm().max(beginning_.timer.seconds());
  tell(*context_,
       LaplacianReport{*this, head_of(*context_, beginning_.date), memory_of(comm()), describe_section, print_section},
       options_->report, options_->output.empty());
  if (code != ExitCode::done) log_warning("{}", remedy(ending));
  context_->session.refuse_unused_petsc_options();  // last, so that a finished result is not lost over them
  return code;
}

Command add_laplacian(const OptionSet& root) {
  const auto command = root.add_command("laplacian", "solves, modes, diagonal and heat on the graph of conductances");
  command.require_command();
  command.footer(
      "The graph has conductances c_ij + c_ji from the costs of the synapses between two neurons of a component, at\n"
      "--at current|equilibrium|RESULT.h5; or the weights themselves with --conductances. Pinned neurons are ground.\n"
      "Results are in the unit of the costs, in the order of FILE. Exit code 4: the tolerance was not reached; the\n"
      "result is written and says so.");
  const std::array commands{add_laplacian_solve(command), add_laplacian_modes(command), add_laplacian_diagonal(command),
                            add_laplacian_heat(command)};
  return {command, [commands](const Context& context) {
            const auto chosen = std::ranges::find_if(commands, [](const Command& c) { return c.options.chosen(); });
            return chosen->body(context);  // one is, or parsing would have failed
          }};
}

}  // namespace synbal::app
