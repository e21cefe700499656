// Publication by passive-target RMA: every rank keeps a slot for each peer, into which the peer puts.
#pragma once

#include <exception>
#include <vector>

#include "stochastic/asynchronous/transport.hpp"
#include "synbal/core/handle.hpp"

namespace synbal {

class OneSidedTransport : public Transport {
 public:
  /// Collective.
  OneSidedTransport(const Comm& comm, const Halo& halo);
  ~OneSidedTransport() override;

  bool publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) override;
  bool collect(const TakeValues& take) override;
  void poke() override;
  void quiesce(const Stamp& stamp, const PackValues& pack, const TakeValues& take) override;
  void resume() override {}
  [[nodiscard]] Traffic traffic() const override { return traffic_; }

 private:
  struct WindowTraits {
    static MPI_Win null() { return MPI_WIN_NULL; }
    static void destroy(MPI_Win window) noexcept {
      if (std::uncaught_exceptions() > 0) return;  // freeing is collective: others might never come
      MPI_Win_unlock_all(window);
      MPI_Win_free(&window);
    }
  };
  struct Outgoing {
    Rank rank;
    MPI_Aint place;              // of my slot in the peer's window, in doubles
    std::vector<double> buffer;  // values, round, version, and a check of all these
    MPI_Request request = MPI_REQUEST_NULL;
  };
  struct Incoming {
    std::size_t place;
    std::vector<double> words;  // a copy of the slot
    std::int64_t seen = 0;      // version that was handed over last
  };
  /// Copies a slot; true when it holds a whole publication that is newer than the last.
  bool read(Incoming& in) const;
  void put(Outgoing& peer, std::size_t number, const Stamp& stamp, const PackValues& pack);

  const Comm* comm_;
  std::vector<Outgoing> outgoing_;
  std::vector<Incoming> incoming_;
  double* slots_ = nullptr;
  Handle<MPI_Win, WindowTraits> window_;
  Traffic traffic_;
};

}  // namespace synbal
