// The flow of a network whose synapses change at random meanwhile: how far from balance it stays, and how much of every
// change it takes back.
#pragma once

#include <cstdint>
#include <vector>

#include "synbal/balance/run_keeper.hpp"
#include "synbal/flow/flow.hpp"

namespace synbal {

struct ShakeParams {
  double rate = 1;   ///< changes in a unit of time, over the whole network (a Poisson process)
  double eta = 0.1;  ///< each multiplies the weight of a synapse, drawn uniformly from those that take part, by 1 + eta
  std::uint64_t seed = 1;
};

/// Means over the second half of the time.
struct ShakeResult {
  std::int64_t changes = 0, observed = 0;  ///< of all, of those of the second half whose answer was seen
  double imbalance = 0;                    ///< l1, just before the changes
  double absorbed = 0;                     ///< share of a log change that was taken back until the next change
  double standard_error = 0;               ///< of that
  double expected = 0;  ///< (nodes - components without ground) / synapses: what is taken back of small changes that
                        ///< come one at a time, on average, since leverages sum to nodes - components (Foster)
  std::int64_t synapses = 0;
};

/// Runs flows of the cost from change to change.
class ShakenFlow {
 public:
  /// Collective. All must outlive it; the network is the problem's, and its weights are changed. @throws Error usage
  /// for a rate that is not positive and an eta not above -1, or of 0; bad_input where no synapse takes part.
  ShakenFlow(Flow& flow, BalanceProblem& problem, Network& network, const Components& components,
             const ShakeParams& params);

  /// Collective. As Flow::operator(), up to the end time, which must be finite: rest is no end. The observer is told of
  /// no output at the moments of changes. Counters are those of all runs. With a keeper the changes are part of the
  /// state.
  FlowResult operator()(std::span<const double> h, const FlowParams& params, const FlowObserver& observer = {});
  [[nodiscard]] const ShakeResult& result() const noexcept { return result_; }

 private:
  struct Change {
    double time = 0;
    std::int64_t number = 0;  ///< of the synapse, over all ranks
  };
  void find_synapses(const Components& components);
  struct Stretch;
  [[nodiscard]] Change next_change(double time);
  void tell(RunPart& part, const Stretch& stretch) const;
  void go_on_from(const RunPart& part, Stretch& stretch);
  void change(std::int64_t number);
  void apply(std::int64_t number, std::span<const double> h);
  [[nodiscard]] double difference_over(std::int64_t number, std::span<const double> h) const;
  void answer_seen(double before, double after, double imbalance);
  void conclude();

  Flow* flow_;
  BalanceProblem* problem_;
  Network* network_;
  ShakeParams params_;
  std::vector<std::int64_t> entries_;  // of this rank that take part
  std::vector<LocalIndex> rows_;       // of each
  std::int64_t first_ = 0;             // number of the first of them
  std::uint64_t drawn_ = 0;
  double absorbed_ = 0, absorbed_squares_ = 0, imbalances_ = 0;
  ShakeResult result_;
};

}  // namespace synbal
