// Time integration by SUNDIALS CVODE of distributed dynamics.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "flow/dynamics.hpp"
#include "synbal/flow/flow_params.hpp"

namespace synbal {

/// How one call of Integrator::step() ended; the same on all ranks.
enum class StepOutcome {
  taken,
  end_time,  ///< at the end time that was set
  event,     ///< the event function reached zero; time() is where
  failed     ///< CVODE cannot go on (message()); the state is that of the last good step
};

/// One integration of `dynamics` from `start`. BDF uses Newton with conjugate gradients on I + gamma A for symmetric
/// dynamics (matrix-free, with Jacobi until solves take many iterations, then with what the dynamics offer) and GMRES
/// with difference quotients for others; Adams uses fixed-point iterations. Works with empty ranks and with no neurons
/// at all.
class Integrator {
 public:
  /// A number that falls through zero at the event, evaluated at an accepted or interpolated state; Collective. It is
  /// called once after every step with the accepted state (a monitor may hang on it) and a few times more to locate the
  /// event.
  using Event = std::function<double(double time, std::span<const double> y)>;

  /// Collective. Dynamics must outlive the integrator; y has dynamics.size() values.
  /// @throws Error usage for a negative relative, or an absolute tolerance that is not positive.
  Integrator(Dynamics& dynamics, double time, std::span<const double> y, const IntegratorParams& params,
             Event event = {});
  ~Integrator();
  Integrator(const Integrator&) = delete;
  Integrator& operator=(const Integrator&) = delete;

  /// Collective. Steps never go beyond this time.
  void set_end_time(double time);
  /// From the next step on, errors are held to this fraction (0..1] of the tolerances, as far as doubles have the
  /// digits for it: for the way into an equilibrium, which the plain tolerances would blur. The same on all ranks.
  void tighten(double fraction);
  /// Collective. One internal step, chosen by CVODE.
  StepOutcome step();
  /// Where the last step ended (at an event or the end time: there).
  [[nodiscard]] double time() const noexcept;
  [[nodiscard]] std::span<const double> state() const;
  /// Time at which the last step began; interpolation is valid from there to time().
  [[nodiscard]] double step_begin() const noexcept;
  /// Collective. [n] The state at a time within the last step, to the order of the method.
  void interpolate(double time, std::span<double> y) const;
  [[nodiscard]] IntegratorStatistics statistics() const;
  /// Why it failed, in words a user understands, with CVODE's own; empty otherwise.
  [[nodiscard]] const std::string& message() const noexcept;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
