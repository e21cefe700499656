// The choice of the transport.
#include "stochastic/asynchronous/transport.hpp"

#include "stochastic/asynchronous/faults.hpp"
#include "stochastic/asynchronous/one_sided.hpp"
#include "stochastic/asynchronous/two_sided.hpp"

namespace synbal {

std::unique_ptr<Transport> make_transport(TransportKind kind, const Comm& comm, const Halo& halo) {
  if (kind == TransportKind::one_sided) return std::make_unique<OneSidedTransport>(comm, halo);
  return std::make_unique<TwoSidedTransport>(comm, halo);
}

std::unique_ptr<Transport> delayed(std::unique_ptr<Transport> transport, const Halo& halo, int publications,
                                   double seconds) {
  return std::make_unique<DelayedTransport>(std::move(transport), halo, publications, seconds);
}

}  // namespace synbal
