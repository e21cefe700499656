// `balance`: what it is told, what it holds meanwhile, what it writes and what it tells.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/balance/balance_methods.hpp"
#include "app/checkpointing.hpp"
#include "app/command.hpp"
#include "app/costs/cost_view.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/balance/gauge.hpp"
#include "synbal/core/enum_names.hpp"

namespace synbal {

namespace app {
/// What --hold says: what memory holds of a synapse while solving.
enum class Held { automatic, costs, weights };
}  // namespace app

template <>
inline constexpr auto enum_names<app::Held> = std::to_array<EnumName<app::Held>>({{app::Held::automatic, "auto"},
                                                                                  {app::Held::costs, "costs"},
                                                                                  {app::Held::weights, "weights"}});

namespace app {

struct BalanceOptions {
  OptionSet given;
  InputOptions input;
  MethodOptions method;
  std::string output, report, table, walltime, cost;
  CheckpointOptions checkpoint;
  bool one_component = false, all_costs = false, only_h = false;  // --components error, --cost-scope all, --write h
  Gauge gauge = Gauge::zero_mean;
  Held held = Held::automatic;
  bool reproducible = false;
  BalanceParams params;

  [[nodiscard]] std::vector<CostTerm> terms() const {
    return method.terms.empty() ? std::vector<CostTerm>{{.power = input.power, .weight = 1}} : method.terms;
  }
};

/// Adds all options of `balance`.
void add_balance_options(const OptionSet& command, BalanceOptions& options);

/// Collective. Everything that can be refused without reading the network; the parameters that are left.
/// @throws Error usage, io_failure.
BalanceParams check_balance_options(const Context& context, BalanceOptions& options);

/// What is asked for but does not go with the network, or warns of it. The same on all ranks. @throws Error bad_input.
void check_arrays(const BalanceOptions& options, const Network& network);
void refuse_several_components(const BalanceOptions& options, const Components& components);

/// How many neurons stand for inputs and outputs: one on every rank.
[[nodiscard]] GlobalIndex outside_of(const Comm& comm, const BalanceOptions& options);

/// What has to be the same when a run is gone on with. Collective.
[[nodiscard]] RunFacts facts_of(const Comm& comm, const BalanceOptions& options, const Network& network,
                                const CostView& view);

// ---- what memory holds

/// Collective. Whether the weights leave memory while costs are laid out: where that is asked for, or they will not be
/// needed, or they and the costs do not fit together but can be read again. @throws Error usage where that is asked for
/// in vain.
[[nodiscard]] bool gives_weights_up(const Comm& comm, const BalanceOptions& options, const Network& network,
                                    const CostView& view);

/// Collective. The network once more, with the weights that were given up, and all else as `before` has it. @throws
/// Error bad_input where the input is not what it was, and those of read_network().
[[nodiscard]] Network read_again(const Comm& comm, const BalanceOptions& options, const Network& before);

// ---- writing

/// What enters and leaves every row of the network, in the user's unit.
struct InOut {
  std::vector<double> in, out;

  void add(const InOut& other);
};

/// Collective. Of the synapses that the problem has taken over from the network, at its base; nothing where it has
/// none.
[[nodiscard]] InOut taken_over(const BalanceProblem& problem);

/// Collective. Of all synapses inside components, at h of the network's rows. `taken`: taken_over() there.
[[nodiscard]] InOut costs_at(const Comm& comm, const BalanceOptions& options, const LoadedNetwork& loaded,
                             std::span<const double> h, const InOut& taken);

/// What was found of the network's rows.
struct BalancedRows {
  std::vector<double> h;
  InOut before, after;
};

/// Collective. Consumes the network in its place: weights become the balanced ones, where they are written (`weights`).
/// @throws Error io_failure.
void write_balanced(const Comm& comm, const BalanceOptions& options, LoadedNetwork&& loaded, BalancedRows&& rows,
                    const SolverResult& solver, Provenance about, ExitCode code, bool weights);

// ---- reporting

struct BalanceReport {
  RunHead head;
  InputSection input;
  ComponentsSection components;
  CostSection cost;
  const MethodRun& run;
  HSection h;
  PhaseTimes time;
  MemorySection memory;
  ParallelSection parallel;
  const std::string& output;
  std::optional<GlobalIndex> groups = {};  ///< of tied neurons
  std::optional<double> known_h_off = {};  ///< from the h that the network's maker knows to balance it
  std::optional<ResumedSection> resumed = {};
  std::optional<KeptSection> kept = {};

  [[nodiscard]] const SolverResult& solver() const { return run.found.solver; }
};

void describe(ReportWriter& report, const BalanceReport& balance);
void print(const BalanceReport& balance);

/// Collective. All of the report but what writing adds.
[[nodiscard]] BalanceReport report_of(const BalanceOptions& options, const InputSection& input,
                                      const LoadedNetwork& loaded, const BalanceProblem& problem, const MethodRun& run,
                                      const PhaseTimes& times);

}  // namespace app

}  // namespace synbal
