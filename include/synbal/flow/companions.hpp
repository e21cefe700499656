// What goes along with a flow of the cost and is compared with it at its output times.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "synbal/balance/problem.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/flow/flow_params.hpp"
#include "synbal/flow/local_rule.hpp"
#include "synbal/krylov/component_sums.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/network.hpp"

namespace synbal {

/// How far a trajectory is from its heat approximation.
struct HeatDifference {
  double l2 = 0, linf = 0;  ///< of h - h_heat
  double relative = 0;      ///< l2 over |h - h0|_2; 0 at the start
};

/// The heat approximation of the flow: L frozen at the start (Stock et al. 2022, eq. 37-40).
class HeatCompanion {
 public:
  /// Collective. From h0 ([n]) at `time`. Problem and sums must outlive it; the problem's base may move.
  HeatCompanion(const BalanceProblem& problem, const ComponentSums& sums, std::span<const double> h0, double time,
                const IntegratorParams& params);
  ~HeatCompanion();

  /// Collective. Brings h_heat to `time`, not before the last one, and compares it with the true h; NaN once the
  /// integration failed.
  HeatDifference compare(double time, std::span<const double> h);
  /// What it has come to, as part of a state.
  void tell(RunPart& part) const;
  /// Collective. Goes on from there, made from the same h0.
  void go_on_from(const RunPart& part);
  /// [n] h_heat at the last time.
  [[nodiscard]] std::span<const double> h() const noexcept;
  /// Collective. [n] Where the approximation ends: h0 + L^+ g0 / p (eq. 40). NaN when no solver gets anywhere.
  [[nodiscard]] std::vector<double> equilibrium() const;
  /// Why the integration failed; empty otherwise.
  [[nodiscard]] const std::string& message() const noexcept;
  [[nodiscard]] IntegratorStatistics statistics() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// The weights integrated themselves, J_ij' = J_ij (k_j g_j - g_i) (eq. 18), to validate the form in h: for small and
/// middle-sized networks.
class WeightCompanion {
 public:
  /// Collective. From the weights at `h`. `network` and `components` are those of the problem. All must outlive it.
  /// @throws Error bad_input as Flow does.
  WeightCompanion(const BalanceProblem& problem, const Network& network, const Components& components, LocalRule rule,
                  double time, std::span<const double> h, const IntegratorParams& params);
  ~WeightCompanion();

  /// Collective. Brings the weights to `time` and compares: the largest |J_weights / J_h - 1|, NaN once it failed.
  double compare(double time, std::span<const double> h);
  /// A copy of the network with the weights at the last time.
  [[nodiscard]] Network network() const;
  /// Why the integration failed; empty otherwise.
  [[nodiscard]] const std::string& message() const noexcept;
  [[nodiscard]] IntegratorStatistics statistics() const;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace synbal
