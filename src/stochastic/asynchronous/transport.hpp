// How published values travel between ranks that never wait for each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "synbal/core/comm.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/stochastic/asynchronous.hpp"

namespace synbal {

/// What a publication says of itself.
struct Stamp {
  std::int64_t version = 0;  ///< ascends; tells how old values were when they were read
  std::int64_t round = 0;    ///< reductions whose outcome the publisher knew, see TerminationDetector
};

/// Fills what the peer halo.sends()[peer] holds of this rank as ghosts, in the order of the send indices.
using PackValues = std::function<void(std::size_t peer, std::span<double> values)>;
/// Takes the values of the ghosts of halo.receives()[peer], those of the publication that the stamp names.
using TakeValues = std::function<void(std::size_t peer, const Stamp& stamp, std::span<const double> values)>;

/// Brings the values of owned neurons to the ranks that hold them as ghosts. A publication carries all values for one
/// peer and a stamp, and is handed over whole. Some may be overtaken and never seen: harmless, for a neuron's optimum
/// is a monotone function of its neighbours' values, so whatever values from the past it sees, it ends within the
/// interval that those span around the equilibrium, and newer ones follow. The state at the end is verified without
/// stamps.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  /// Collective. Nothing may be under way: quiesce() first.
  virtual ~Transport() = default;

  /// Sends what `pack` fills to a peer, unless the last publication to it is still under way: then false, and the
  /// newest values go with the next one. Never waits.
  virtual bool publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) = 0;
  /// Hands over the newest publication of every peer that has sent since the last call; false when none has. Never
  /// waits.
  virtual bool collect(const TakeValues& take) = 0;
  /// Lets the MPI library make progress.
  virtual void poke() = 0;
  /// Collective. Publishes once more to every peer, waits until that has arrived everywhere and hands it over: nothing
  /// is left in flight.
  virtual void quiesce(const Stamp& stamp, const PackValues& pack, const TakeValues& take) = 0;
  /// After quiesce(): goes on. A peer may have gone on before.
  virtual void resume() = 0;
  /// Messages and bytes sent so far.
  [[nodiscard]] virtual Traffic traffic() const = 0;
};

/// Collective. Both must outlive the transport. @throws Error internal when the MPI library has no room for the slots.
std::unique_ptr<Transport> make_transport(TransportKind kind, const Comm& comm, const Halo& halo);

/// Every publication is held back until so many more were published to the same peer and so many seconds have passed:
/// for tests and measurements. Not collective.
std::unique_ptr<Transport> delayed(std::unique_ptr<Transport> transport, const Halo& halo, int publications,
                                   double seconds);

/// Collective. What to add to this rank's clock for that of rank 0: from messages there and back, the fastest of
/// several. Times of publications are compared by it where machines have clocks of their own.
double measured_clock_offset(const Comm& comm, const std::function<double()>& clock);

}  // namespace synbal
