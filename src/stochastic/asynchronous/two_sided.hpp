// Publication by messages: one receive per peer stands ready, one message per peer is under way.
#pragma once

#include <vector>

#include "stochastic/asynchronous/transport.hpp"

namespace synbal {

/// Sends are synchronous (they end when the peer has begun to receive) so that a slow peer is sent less, instead of
/// finding a queue of old messages that grows without bound.
class TwoSidedTransport : public Transport {
 public:
  /// Collective.
  TwoSidedTransport(const Comm& comm, const Halo& halo);
  ~TwoSidedTransport() override;

  bool publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) override;
  bool collect(const TakeValues& take) override;
  void poke() override;
  void quiesce(const Stamp& stamp, const PackValues& pack, const TakeValues& take) override;
  void resume() override;
  [[nodiscard]] Traffic traffic() const override { return traffic_; }

 private:
  struct Incoming {
    Rank rank;
    std::vector<double> arriving;  // values, round, version: negative in the last message before a quiet time
    std::vector<double> latest;
    bool open = false;  // more may come
    bool fresh = false;
  };
  void send(std::size_t peer, const Stamp& stamp, bool last, const PackValues& pack);
  void listen(std::size_t peer);
  void drain();
  [[nodiscard]] bool sent(std::size_t peer);

  Comm comm_;  // its own, so that no message meets another's receive
  std::vector<Rank> to_;
  std::vector<std::vector<double>> outgoing_;
  std::vector<MPI_Request> sends_;
  std::vector<Incoming> incoming_;
  std::vector<MPI_Request> receives_;
  std::vector<int> completed_;
  Traffic traffic_;
};

}  // namespace synbal
