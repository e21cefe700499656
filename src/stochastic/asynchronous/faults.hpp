// What goes wrong on purpose: late messages and slow ranks.
#pragma once

#include <deque>
#include <vector>

#include "stochastic/asynchronous/transport.hpp"
#include "synbal/stochastic/asynchronous.hpp"

namespace synbal {

class DelayedTransport : public Transport {
 public:
  DelayedTransport(std::unique_ptr<Transport> transport, const Halo& halo, int publications, double seconds);

  bool publish(std::size_t peer, const Stamp& stamp, const PackValues& pack) override;
  bool collect(const TakeValues& take) override { return transport_->collect(take); }
  void poke() override;
  void quiesce(const Stamp& stamp, const PackValues& pack, const TakeValues& take) override;
  void resume() override { transport_->resume(); }
  [[nodiscard]] Traffic traffic() const override { return transport_->traffic(); }

 private:
  struct Letter {
    Stamp stamp;
    double time;
    std::vector<double> values;
  };
  void forward(std::size_t peer);

  std::unique_ptr<Transport> transport_;
  std::size_t publications_;
  double seconds_;
  std::vector<std::size_t> size_;            // values for each peer
  std::vector<std::deque<Letter>> waiting_;  // by peer, oldest first
};

/// Makes a rank slower than it is: work() tells it that the rank worked since begin().
class Straggler {
 public:
  /// `slow`: whether this rank is the one.
  Straggler(const FaultParams& params, bool slow);

  void begin();
  /// Wastes, or sleeps, (factor - 1) times the processor time spent since begin().
  void end();

 private:
  double extra_ = 0;  // 0: not slowed
  bool busy_ = true;
  double start_ = 0;
  double owed_ = 0;
};

}  // namespace synbal
