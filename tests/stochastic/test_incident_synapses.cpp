// Stars hold what a neuron needs to balance itself, with the same bits wherever its neighbours live.
#include "samples.hpp"
#include "synbal/balance/costs.hpp"
#include "synbal/stochastic/relaxation.hpp"

namespace synbal::test {
namespace {

std::vector<SampleParams> incident_samples() {
  auto plain = random_sample(150, 6, 3);
  auto weak = random_sample(90, 3, 5, 1);
  auto pinned = random_sample(120, 7, 9, 1.5);
  pinned.pinned = {0, 5, 17, 40, 41, 60, 77, 90, 119};
  pinned.exponents = {1, 2, 3, 50, 80, 110};
  pinned.gains = true;
  SampleParams layered;
  layered.generator.kind = "layered";
  layered.generator.layers = "17,11,5,13";
  return {plain, weak, pinned, layered};
}

/// A point that depends on the place in the file alone.
double delta_at(GlobalIndex rank) { return 0.4 * std::sin(3.0 * static_cast<double>(rank)); }

Scaling scaling_at(const IncidentSynapses& stars, LocalIndex i) {
  const auto k = static_cast<std::size_t>(i);
  const double exponent = stars.exponent().empty() ? 1 : stars.exponent()[k];
  return moved({}, stars.problem().power() * delta_at(stars.file_rank()[k]), exponent);
}

std::vector<Scaling> scaling(const IncidentSynapses& stars) {
  std::vector<Scaling> all;
  for (LocalIndex i = 0; i < stars.size() + stars.halo().ghost_count(); ++i) all.push_back(scaling_at(stars, i));
  return all;
}

/// Collective. What all neurons see, in the file's order: in and out in turn.
std::vector<double> seen_by_all(const Comm& comm, const IncidentSynapses& stars) {
  std::vector<double> seen(2 * static_cast<std::size_t>(stars.problem().global_size()), 0.0);
  const auto values = scaling(stars);
  for (LocalIndex i = 0; i < stars.size(); ++i) {
    const auto own = seen_costs(stars, i, values);
    const auto rank = static_cast<std::size_t>(stars.file_rank()[static_cast<std::size_t>(i)]);
    seen[2 * rank] = own.in, seen[2 * rank + 1] = own.out;
  }
  comm.sum(std::span<double>(seen));  // zeros elsewhere: exact
  return seen;
}

/// Collective. [n] A base that depends on the place in the file alone.
std::vector<double> moved_base(const IncidentSynapses& stars) {
  std::vector<double> base;
  for (LocalIndex i = 0; i < stars.size(); ++i) {
    base.push_back(std::cos(static_cast<double>(stars.file_rank()[static_cast<std::size_t>(i)])));
  }
  return base;
}

TEST(IncidentSynapses, sums_of_a_star_are_the_costs_of_its_neuron) {
  for (const auto& params : incident_samples()) {
    for (const auto spread : kSpreads) {
      Sample sample(world(), params, spread);
      IncidentSynapses stars(sample.problem, sample.network);
      FusedKernel kernel(sample.problem);
      std::vector<double> delta;
      for (LocalIndex i = 0; i < stars.size(); ++i) {
        delta.push_back(delta_at(stars.file_rank()[static_cast<std::size_t>(i)]));
      }
      for (const bool refreshed : {false, true}) {
        if (refreshed) {
          sample.problem.rebase(moved_base(stars));
          stars.refresh();
        }
        NeuronCosts costs;
        evaluate(sample.problem, kernel, delta, costs);
        const auto values = scaling(stars);
        for (LocalIndex i = 0; i < stars.size(); ++i) {
          const auto k = static_cast<std::size_t>(i);
          const auto seen = seen_costs(stars, i, values);
          EXPECT_NEAR(seen.in, costs.in[k], 1e-13 * costs.in[k]);
          EXPECT_NEAR(seen.out, costs.out[k], 1e-13 * costs.out[k]);
        }
      }
    }
  }
}

TEST(IncidentSynapses, what_a_neuron_sees_has_the_same_bits_under_any_partition) {
  const Comm self(MPI_COMM_SELF);
  for (const auto& params : incident_samples()) {
    Sample serial(self, params);
    IncidentSynapses serial_stars(serial.problem, serial.network);
    const auto truth = seen_by_all(self, serial_stars);
    serial.problem.rebase(moved_base(serial_stars));
    serial_stars.refresh();
    const auto moved_truth = seen_by_all(self, serial_stars);
    EXPECT_NE(truth, moved_truth);
    for (const auto spread : kSpreads) {
      Sample sample(world(), params, spread);
      IncidentSynapses stars(sample.problem, sample.network);
      EXPECT_EQ(seen_by_all(world(), stars), truth);
      sample.problem.rebase(moved_base(stars));
      stars.refresh();
      EXPECT_EQ(seen_by_all(world(), stars), moved_truth);
    }
  }
}

TEST(IncidentSynapses, file_rank_counts_the_active_neurons_in_the_order_of_the_file) {
  const auto params = incident_samples()[2];
  for (const auto spread : kSpreads) {
    const Sample sample(world(), params, spread);
    const IncidentSynapses stars(sample.problem, sample.network);
    const auto n = static_cast<std::size_t>(sample.problem.global_size());
    std::vector<std::int64_t> place(n, 0), hits(n, 0);
    for (LocalIndex i = 0; i < stars.size(); ++i) {
      const auto k = static_cast<std::size_t>(i);
      const auto rank = static_cast<std::size_t>(stars.file_rank()[k]);
      place[rank] = sample.network.file_index(sample.problem.network_row()[k]);
      hits[rank] += 1;
    }
    world().sum(std::span<std::int64_t>(place));
    world().sum(std::span<std::int64_t>(hits));
    for (std::size_t k = 0; k < n; ++k) EXPECT_EQ(hits[k], 1);
    for (std::size_t k = 1; k < n; ++k) EXPECT_LT(place[k - 1], place[k]);
  }
}

TEST(IncidentSynapses, several_synapses_between_two_neurons_are_kept_apart_in_one_order) {
  const auto build = [](const Comm& comm) {
    const auto rows = Ownership::even(comm, 4);
    GlobalRows own;
    for (LocalIndex i = 0; i < rows.count(); ++i) {
      const auto g = rows.first() + i;
      for (const double w : {3.0, 0.1 + static_cast<double>(g), 1e-3}) {
        own.column.push_back((g + 1) % 4);
        own.weight.push_back(w);
      }
      own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
    }
    return assemble(comm, rows, std::move(own), Duplicates::keep, {});
  };
  const Comm self(MPI_COMM_SELF);
  const Sample serial(self, build(self), 2), sample(world(), build(world()), 2);
  const IncidentSynapses serial_stars(serial.problem, serial.network), stars(sample.problem, sample.network);
  for (LocalIndex i = 0; i < stars.size(); ++i) EXPECT_EQ(stars.outgoing(i).cost.size(), 3U);
  EXPECT_EQ(seen_by_all(world(), stars), seen_by_all(self, serial_stars));
}

TEST(IncidentSynapses, networks_without_a_cycle_have_no_stars) {
  for (const GlobalIndex n : {0, 1, 3}) {
    const auto rows = Ownership::even(world(), n);
    GlobalRows none;
    none.row_ptr.assign(static_cast<std::size_t>(rows.count()) + 1, 0);
    const Sample sample(world(), assemble(world(), rows, std::move(none), Duplicates::sum, {}), 2);
    const IncidentSynapses stars(sample.problem, sample.network);
    EXPECT_EQ(stars.size(), 0);
    EXPECT_EQ(stars.halo().ghost_count(), 0);
  }
}

}  // namespace
}  // namespace synbal::test
