// Somebody watches over long solves: hears how far they are, and may want them to end before they are done.
#pragma once

#include <cstdint>
#include <exception>

namespace synbal {

/// Where an iterative solve stands after an iteration.
struct SolveStatus {
  std::int64_t iteration = 0;
  double residual = 0;  ///< relative to what there was to solve; of the right-hand side that has farthest to go
  double target = 0;    ///< of that one
};

/// While one lives, the iterative solves of this rank tell it of every iteration and ask it whether to go on. They may
/// nest: all are told and asked. As many on every rank.
class SolveWatch {
 public:
  SolveWatch();
  SolveWatch(const SolveWatch&) = delete;
  SolveWatch& operator=(const SolveWatch&) = delete;
  virtual ~SolveWatch();

  /// Not collective, must not communicate.
  virtual void tell(const SolveStatus& /*status*/) {}
  /// The same; where one rank wants it, the solve ends on all ranks with LeftEarly.
  [[nodiscard]] virtual bool wants_end() { return false; }
  /// The same on all ranks: whether there is time for what cannot be left, like a preconditioner that is set up.
  [[nodiscard]] virtual bool has_time_for_set_up() const { return true; }

 private:
  friend void tell_watches(const SolveStatus& status);
  friend bool end_is_wanted();
  friend void leave_without_time_for_set_up();
  SolveWatch* outer_;
};

/// A solve was left because a watch wanted its end. Thrown on all ranks together, only where there is such a watch.
struct LeftEarly final : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "a solve was left before it was done"; }
};

/// What solves do after an iteration: tell, and ask (to agree on the answers is theirs).
void tell_watches(const SolveStatus& status);
[[nodiscard]] bool end_is_wanted();
/// @throws LeftEarly where a watch has no time for a set-up.
void leave_without_time_for_set_up();

}  // namespace synbal
