// What dynamics do that have nothing special to offer.
#include "synbal/flow/dynamics.hpp"

#include "synbal/core/error.hpp"

namespace synbal {

void Dynamics::product(std::span<const double> /*v*/, std::span<double> /*product*/) {
  throw internal_error("symmetric dynamics without a product: override Dynamics::product()");
}

void Dynamics::diagonal(std::span<double> /*d*/) const {
  throw internal_error("symmetric dynamics without a diagonal: override Dynamics::diagonal()");
}

void Dynamics::project(std::span<double> /*difference*/) const {}

void Dynamics::settle(std::span<const double> /*y*/) {}

std::unique_ptr<BlockPreconditioner> Dynamics::make_preconditioner(Preconditioner /*kind*/, double /*gamma*/) {
  return nullptr;
}

}  // namespace synbal
