// From a path to a network with its components, with the time of each phase, and signs of life meanwhile.
#pragma once

#include <string>
#include <type_traits>

#include "app/command.hpp"
#include "app/options.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/progress.hpp"
#include "synbal/core/solve_watch.hpp"
#include "synbal/core/timer.hpp"
#include "synbal/io/result.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal::app {

/// Seconds of the phases, of the slowest rank.
struct PhaseTimes {
  double read = 0, partition = 0, components = 0, solve = 0, write = 0, total = 0;
};

/// When a run began.
struct Beginning {
  Timer timer;
  std::string date = utc_now();

  /// What is left of a limit that counts from here (0: none), for what begins now.
  [[nodiscard]] double left_of(double seconds) const;
};

struct LoadedNetwork {
  Network network;
  Components components;
};

/// Bytes that balancing needs on this rank beside the network: costs and their places, about 30 numbers a neuron and
/// ghost.
[[nodiscard]] double memory_of_costs(const Network& network, bool weights_given_up = false);

/// Collective. Reads, partitions, finds components; tells notices and sizes in the log. Ties are refused, as
/// refuse_ties() does.
LoadedNetwork load(const Comm& comm, const InputOptions& options, PhaseTimes& times);

/// Collective. For commands that look at single neurons. @throws Error bad_input for neurons that are tied.
void refuse_ties(const Comm& comm, const Network& network);

/// Collective. The network alone.
Network load_network(const Comm& comm, const InputOptions& options, PhaseTimes& times);

/// Collective. Warns of what is known beside the weights and a network file at `path` does not hold. `names_kept`:
/// names of neurons are written elsewhere.
void warn_of_lost(const Comm& comm, const Network& network, const std::string& path, bool names_kept = false);

/// Warns when something that was stored by another run does not come from this input; `taken` says what happens to it.
void warn_of_other_input(const std::string& path, const std::string& checksum, const Network& network,
                         const std::string& taken);

/// Collective. The same where a network would be written by it: refused, but for --force and where costs show that it
/// is the same network in another file. @throws Error bad_input.
void refuse_other_input(const Context& context, const std::string& path, const StoredResult& stored,
                        const Network& network);

/// Collective. What cannot move here must not have moved in the run that `path` comes from: `h` [network rows] is 0
/// there. `options`: those that have to be as they were. @throws Error bad_input.
void check_still(const std::string& path, const Network& network, const BalanceProblem& problem,
                 std::span<const double> h, const std::string& options);

/// Collective. Gives a network what a stored run knew of its neurons (pinned, gain, exponent, groups), whatever its
/// file holds, where the options say nothing; the names of what they say otherwise, for a message.
[[nodiscard]] std::string adopt(const Comm& comm, const NodeData& stored, const ReadOptions& asked, Network& network);

/// Collective. A hash of the alphas of all synapses, the same under any partition; empty where there are none.
[[nodiscard]] std::string alpha_checksum(const Comm& comm, const Network& network);

/// By how many seconds a limit may be passed: 10 %, 5 s at least.
[[nodiscard]] double leeway_of(double limit);
/// After how many seconds from now a run is given up that is still reading, of a limit from the beginning (0: none):
/// half its leeway. Before that there is a result to write.
[[nodiscard]] double time_to_begin(double limit, const Beginning& beginning);
/// Collective. What is left for solving of a limit in seconds from the beginning (0: none). What comes after the solve
/// (costs at its end, writing) takes about as long as all that came before it: so much is put aside, at most a third of
/// the limit. @throws Error as a TimeLimit does when nothing is left, and writing would pass the leeway as well.
[[nodiscard]] double time_to_solve(const Comm& comm, double limit, const Beginning& beginning);

/// Signs of life of a solver, with the time that is left until it is as balanced as asked.
[[nodiscard]] ProgressCallback progress_of(Progress& progress, const Comm& comm, double tolerance);

/// Prints through the log, now and then, also from within the solves of this rank where no other line was printed
/// lately. Not collective: every rank may call it, the one that logs prints.
class CountProgress final : public SolveWatch {
 public:
  /// E.g. "resistance", 5000, "pairs".
  CountProgress(std::string what, std::int64_t total, std::string unit);
  ~CountProgress() override { end_log_status(); }

  /// `done` of the total.
  void update(std::int64_t done);
  void tell(const SolveStatus& status) override;

 private:
  void print(double seconds, const std::string& within) const;

  std::string what_, unit_;
  std::int64_t total_, done_ = 0;
  Timer timer_;
  double next_line_, pause_;
};

/// Collective. Runs `phase`, adding its duration on the slowest rank to `seconds`.
template <class Phase>
auto timed(const Comm& comm, double& seconds, Phase&& phase) {
  const Timer timer;
  if constexpr (std::is_void_v<std::invoke_result_t<Phase>>) {
    phase();
    seconds += comm.max(timer.seconds());
  } else {
    auto result = phase();
    seconds += comm.max(timer.seconds());
    return result;
  }
}

}  // namespace synbal::app
