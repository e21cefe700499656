// What the integrator integrates: a distributed autonomous system y' = f(y), with its linearisation where it has one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/types.hpp"
#include "synbal/krylov/preconditioner.hpp"

namespace synbal {

/// One value of y for every owned place of this rank ([n], n may be 0 on some ranks). All member functions but size()
/// and diagonal() are Collective. Time and values are in the user's units.
class Dynamics {
 public:
  virtual ~Dynamics() = default;
  Dynamics(const Dynamics&) = delete;
  Dynamics& operator=(const Dynamics&) = delete;

  [[nodiscard]] virtual const Comm& comm() const = 0;
  [[nodiscard]] virtual LocalIndex size() const = 0;

  /// dy = f(y). @return false on all ranks together when some value is not finite: the integrator then tries a shorter
  /// step.
  virtual bool derivative(std::span<const double> y, std::span<double> dy) = 0;

  /// Dynamics that are gradient flows have a symmetric f' = -A with A positive semi-definite: they get BDF with
  /// conjugate gradients. The others get difference quotients and GMRES, and the functions below are not called.
  [[nodiscard]] virtual bool symmetric() const { return false; }
  /// [n] product = A v at the y of the last derivative().
  virtual void product(std::span<const double> /*v*/, std::span<double> /*product*/) {
    throw internal_error("symmetric dynamics without a product: override Dynamics::product()");
  }
  /// [n] Diagonal of A there.
  virtual void diagonal(std::span<double> /*d*/) const {
    throw internal_error("symmetric dynamics without a diagonal: override Dynamics::diagonal()");
  }
  /// Removes from a difference of two states what the flow cannot change (the means of components without pinned
  /// neurons): rounding and preconditioners leak it.
  virtual void project(std::span<double> /*difference*/) const {}

  /// Preconditioners of I + gamma A beside its diagonal that symmetric dynamics can set up, best first.
  [[nodiscard]] virtual std::vector<Preconditioner> preconditioners() const { return {}; }
  /// One that the user wants, whatever the iterations say.
  [[nodiscard]] virtual std::optional<Preconditioner> asked_preconditioner() const { return {}; }
  /// One of them at the y of the last derivative(), for values of gamma near this one. @return null on all ranks
  /// together when that is not possible.
  virtual std::unique_ptr<BlockPreconditioner> make_preconditioner(Preconditioner /*kind*/, double /*gamma*/) {
    return nullptr;
  }

  /// Called between steps, with the state accepted: a good moment to move the base of the costs.
  virtual void settle(std::span<const double> /*y*/) {}

 protected:
  Dynamics() = default;
};

}  // namespace synbal
