// What a run keeps of itself so that another one can go on from there, and what it hears from outside between two
// iterations.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace synbal {

struct SolverResult;
struct StopCriteria;
class Comm;

/// One part of the state of a run, by names: lists of numbers that are the same on all ranks (counts up to 2^53), and
/// values per active neuron ([n]).
struct RunPart {
  std::map<std::string, std::vector<double>> numbers;
  std::map<std::string, std::vector<double>> neurons;

  void put(const std::string& name, double value) { numbers[name] = {value}; }
  /// @throws Error bad_input where there is no such number: the state is of another version (as on all ranks).
  [[nodiscard]] double number(const std::string& name) const;
  [[nodiscard]] std::int64_t count(const std::string& name) const;
  /// As a solver with `n` neurons here can use them; empty where there are none.
  [[nodiscard]] std::span<const double> values(const std::string& name) const;
};

/// The parts of a state, each called by who it belongs to: "newton", "sweep", ...
using RunState = std::map<std::string, RunPart>;

/// What is asked of a run between two iterations; the larger one wins.
enum class Wish : int {
  go_on,
  keep,  ///< keep the state and go on
  late,  ///< the time is up: keep the state and end with what there is
  stop   ///< keep the state and leave everything as it is
};

/// Keeps states (a checkpoint), and hands out the one that was kept by an earlier run.
class RunKeeper {
 public:
  RunKeeper() = default;
  RunKeeper(const RunKeeper&) = delete;
  RunKeeper& operator=(const RunKeeper&) = delete;
  virtual ~RunKeeper() = default;

  /// What this rank was asked for. Not collective.
  [[nodiscard]] virtual Wish wish() = 0;
  /// Collective. Keeps what all KeptParts that live tell; `agreed` is the same on all ranks. Does not come back where
  /// that is Wish::stop: @throws Error stopped.
  void keep(Wish agreed);

  /// The part of that name that this run begins with, once; nothing where there is none.
  [[nodiscard]] std::optional<RunPart> take(const std::string& name);
  /// [n] Where a solver begins that finds no part of its own; empty: at h = 0.
  [[nodiscard]] std::span<const double> start() const noexcept { return start_; }

 protected:
  /// What take() and start() give.
  void begin_with(RunState state, std::vector<double> start);
  /// Collective. `h` ([n]) is where the innermost part stands.
  virtual void write(const RunState& state, std::span<const double> h, Wish agreed) = 0;

 private:
  friend class KeptPart;
  RunState begin_;
  std::vector<double> start_;
  std::vector<class KeptPart*> parts_;
};

/// While one lives, what it tells is a part of the state that the keeper keeps. `here` gives h ([n]) for those parts
/// that move it.
class KeptPart {
 public:
  using Tell = std::function<void(RunPart&)>;
  using Here = std::function<std::vector<double>()>;

  /// Without a keeper nothing happens.
  KeptPart(RunKeeper* keeper, std::string name, Tell tell, Here here = {});
  ~KeptPart();
  KeptPart(const KeptPart&) = delete;
  KeptPart& operator=(const KeptPart&) = delete;

 private:
  friend class RunKeeper;
  RunKeeper* keeper_;
  std::string name_;
  Tell tell_;
  Here here_;
};

/// The part `name` of the state that the criteria's keeper begins with; nothing without a keeper.
[[nodiscard]] std::optional<RunPart> taken_part(const StopCriteria& stop, const std::string& name);

/// Where a run begins: at the base that was kept, or at h.
[[nodiscard]] inline std::span<const double> first_base(const std::optional<RunPart>& kept, std::span<const double> h) {
  return kept ? kept->values("base") : h;
}

/// Not collective. What is asked of this rank's run after so many seconds.
[[nodiscard]] Wish own_wish(const StopCriteria& stop, double seconds);
/// Collective: one small reduction, none where there is neither a limit in seconds nor a keeper. What is asked of the
/// run after so many seconds; where that is more than to go on, the state has been kept. @throws Error stopped.
Wish heard(const Comm& comm, const StopCriteria& stop, double seconds);

/// Collective: one small reduction. The largest wish of all ranks. @throws Error internal where a rank's costs are no
/// numbers (own_sums.hpp).
Wish agreed_wish(const Comm& comm, Wish own);

/// Counts and history of a result into a part, and back.
void put_result(RunPart& part, const SolverResult& result);
void take_result(const RunPart& part, SolverResult& result);

}  // namespace synbal
