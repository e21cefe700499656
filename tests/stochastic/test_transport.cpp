// What a transport promises: the newest publication arrives, versions ascend, nothing is left in flight, nobody waits.
#include <algorithm>
#include <optional>
#include <thread>

#include "stochastic/asynchronous/transport.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/timer.hpp"

namespace synbal::test {
namespace {

constexpr TransportKind kBothTransports[] = {TransportKind::one_sided, TransportKind::two_sided};

/// Neurons of which every rank needs all those of its two neighbours on a ring of ranks; the last rank may have none.
struct Ring {
  Ownership rows;
  Halo halo;

  explicit Ring(LocalIndex each, bool last_is_empty = false)
      : rows(Ownership::of_counts(world(), last_is_empty && world().rank() == world().size() - 1 ? 0 : each)),
        halo(world(), rows, ghosts(last_is_empty)) {}

 private:
  [[nodiscard]] std::vector<GlobalIndex> ghosts(bool last_is_empty) const {
    const auto ranks = world().size() - (last_is_empty ? 1 : 0);
    std::vector<GlobalIndex> needed;
    if (world().rank() >= ranks) return needed;
    for (const auto step : {1, ranks - 1}) {
      const auto r = (world().rank() + step) % ranks;
      if (r == world().rank()) continue;
      for (auto g = rows.first(r); g < rows.first(r) + rows.count(r); ++g) needed.push_back(g);
    }
    std::sort(needed.begin(), needed.end());
    needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
    return needed;
  }
};

/// A value says whose it is and which publication it belongs to.
double value_of(GlobalIndex neuron, std::int64_t version) {
  return static_cast<double>(1'000'000'000 * neuron + version);
}

/// One rank that publishes and looks.
struct Party {
  const Ring& ring;
  std::unique_ptr<Transport> transport;
  std::int64_t version = 0;
  std::vector<std::int64_t> known{};

  Party(const Ring& r, std::unique_ptr<Transport> t) : ring(r), transport(std::move(t)) {
    known.assign(ring.halo.receives().size(), 0);
  }
  PackValues pack(std::int64_t of_version) const {
    return [this, of_version](std::size_t peer, std::span<double> values) {
      const auto& send = ring.halo.sends()[peer];
      ASSERT_EQ(static_cast<LocalIndex>(values.size()), send.count);
      for (LocalIndex k = 0; k < send.count; ++k) {
        const auto i = ring.halo.send_indices()[static_cast<std::size_t>(send.first + k)];
        values[static_cast<std::size_t>(k)] = value_of(ring.rows.first() + i, of_version);
      }
    };
  }
  TakeValues take() {
    return [this](std::size_t peer, const Stamp& stamp, std::span<const double> values) {
      const auto of_version = stamp.version;
      EXPECT_EQ(stamp.round, 2 * of_version);
      EXPECT_GT(of_version, known[peer]);
      known[peer] = of_version;
      const auto& receive = ring.halo.receives()[peer];
      for (LocalIndex k = 0; k < receive.count; ++k) {
        const auto base = value_of(ring.halo.ghosts()[static_cast<std::size_t>(receive.first + k)], 0);
        EXPECT_EQ(values[static_cast<std::size_t>(k)], base + static_cast<double>(of_version));
      }
    };
  }
  void publish() {
    ++version;
    for (std::size_t p = 0; p < ring.halo.sends().size(); ++p)
      transport->publish(p, {version, 2 * version}, pack(version));
  }
  void publish_and_poke() {
    publish();
    transport->poke();
  }
  void quiesce() {
    ++version;
    transport->quiesce({version, 2 * version}, pack(version), take());
  }
};

TEST(Transport, after_quiescence_every_rank_has_the_last_values_and_nothing_is_in_flight) {
  for (const auto kind : kBothTransports) {
    for (const bool last_is_empty : {false, true}) {
      const Ring ring(5, last_is_empty);
      Party party(ring, make_transport(kind, world(), ring.halo));
      for (int run = 0; run < 3; ++run) {
        // Ranks work for different times and publish different numbers of times.
        for (int k = 0; k < 20 + 15 * world().rank() * (run % 2); ++k) {
          party.publish_and_poke();
          party.transport->collect(party.take());
        }
        party.quiesce();
        const auto versions = world().gather_all(party.version);
        for (std::size_t p = 0; p < party.known.size(); ++p) {
          EXPECT_EQ(party.known[p], versions[static_cast<std::size_t>(ring.halo.receives()[p].rank)]);
        }
        EXPECT_FALSE(party.transport->collect(party.take()));
        world().barrier();
        party.transport->resume();
      }
      party.quiesce();
    }
  }
}

TEST(Transport, a_publication_arrives_without_anybody_waiting_for_it) {
  for (const auto kind : kBothTransports) {
    const Ring ring(3);
    Party party(ring, make_transport(kind, world(), ring.halo));
    const Timer timer;
    const auto all_known = [&] {
      return std::all_of(party.known.begin(), party.known.end(), [](std::int64_t v) { return v > 0; });
    };
    party.publish();
    while (!all_known() && timer.seconds() < 20) {
      party.transport->poke();
      party.transport->collect(party.take());
      std::this_thread::yield();
    }
    EXPECT_TRUE(all_known()) << to_string(kind);
    party.quiesce();
  }
}

TEST(Transport, who_does_not_look_is_not_sent_an_endless_queue_and_then_finds_new_values) {
  for (const auto kind : kBothTransports) {
    const Ring ring(4);
    Party party(ring, make_transport(kind, world(), ring.halo));
    for (int k = 0; k < 500; ++k) party.publish();
    const auto before = party.transport->traffic().messages;
    // Without a look at the other end two-sided sends stop: one received, one under way.
    const auto peers = static_cast<std::int64_t>(ring.halo.sends().size());
    if (kind == TransportKind::two_sided) {
      EXPECT_LE(before, 2 * peers);
    }
    world().barrier();
    party.transport->collect(party.take());
    for (const auto v : party.known) EXPECT_GT(v, kind == TransportKind::one_sided ? 400 : 0);
    party.quiesce();
    const int words = 4 + (kind == TransportKind::one_sided ? 3 : 2);
    EXPECT_EQ(party.transport->traffic().bytes, party.transport->traffic().messages * words * 8);
  }
}

TEST(Transport, publications_that_overwrite_each_other_are_taken_whole) {
  for (const auto kind : kBothTransports) {
    for (const LocalIndex size : {3, 12, 64, 500}) {
      const Ring ring(size);
      Party party(ring, make_transport(kind, world(), ring.halo));
      std::int64_t taken = 0;
      const Timer timer;  // all publish at least once, so nobody waits in vain for something to take
      while (timer.seconds() < 0.1 || (taken == 0 && world().size() > 1 && timer.seconds() < 20)) {
        party.publish_and_poke();
        taken += party.transport->collect(party.take()) ? 1 : 0;  // which looks at every value
      }
      party.quiesce();
      EXPECT_TRUE(taken > 0 || world().size() == 1);
    }
  }
}

TEST(Transport, delayed_publications_arrive_that_many_publications_late) {
  constexpr int late = 7;
  for (const auto kind : kBothTransports) {
    const Ring ring(2);
    Party party(ring, delayed(make_transport(kind, world(), ring.halo), ring.halo, late, 0));
    constexpr int rounds = 40;
    for (int k = 0; k < rounds; ++k) {
      world().barrier();  // all ranks have published k times, none k + 1 times
      party.transport->poke();
      party.transport->collect(party.take());
      for (const auto v : party.known) EXPECT_LE(v, std::max(0, k - late));
      world().barrier();
      party.publish_and_poke();
    }
    world().barrier();
    const Timer timer;
    const auto all_known = [&] {
      return std::all_of(party.known.begin(), party.known.end(), [](std::int64_t v) { return v == rounds - late; });
    };
    while (!world().min(static_cast<std::int32_t>(all_known())) && timer.seconds() < 20) {
      party.transport->poke();
      party.transport->collect(party.take());
    }
    EXPECT_TRUE(all_known());
    party.quiesce();
    for (const auto v : party.known) EXPECT_EQ(v, rounds + 1);
  }
}

TEST(Transport, publications_delayed_by_seconds_do_not_arrive_before) {
  const Ring ring(2);
  for (const auto kind : kBothTransports) {
    Party party(ring, delayed(make_transport(kind, world(), ring.halo), ring.halo, 0, 0.05));
    const Timer timer;
    world().barrier();  // nobody publishes before all timers run
    party.publish();
    std::optional<double> seen;
    while (timer.seconds() < 20 && !seen && !party.known.empty()) {
      party.transport->poke();
      if (party.transport->collect(party.take())) seen = timer.seconds();
      std::this_thread::yield();
    }
    if (!party.known.empty()) {
      EXPECT_GE(seen.value_or(0), 0.05);
    }
    while (timer.seconds() < 0.2) party.transport->poke();  // the others' publications leave, too
    party.quiesce();
  }
}

TEST(Clocks, the_offset_of_a_clock_that_is_wrong_is_found) {
  const double wrong = 100.0 * world().rank();
  const auto before = measured_clock_offset(world(), [&] { return MPI_Wtime() + wrong; });
  EXPECT_NEAR(before, -wrong, 0.05);
}

}  // namespace
}  // namespace synbal::test
