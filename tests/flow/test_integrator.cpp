// The integrator on systems whose solutions are known: events, ends, both methods, both linear solvers, failures.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>

#include "flow/integrator.hpp"
#include "support/mpi_test.hpp"
#include "synbal/core/ownership.hpp"

namespace synbal::test {
namespace {

/// y_i' = -a_i y_i (1 + c y_i^2), symmetric, with rates between 1 and `stiffness`; values spread evenly over the ranks.
class Decay : public Dynamics {
 public:
  Decay(const Comm& comm, GlobalIndex size, double stiffness, double cubic = 0)
      : comm_(&comm), rows_(Ownership::even(comm, size)), cubic_(cubic) {
    for (LocalIndex i = 0; i < rows_.count(); ++i) {
      const double share = size > 1 ? static_cast<double>(rows_.first() + i) / static_cast<double>(size - 1) : 0;
      rate_.push_back(std::pow(stiffness, share));
    }
  }
  [[nodiscard]] const Comm& comm() const override { return *comm_; }
  [[nodiscard]] LocalIndex size() const override { return rows_.count(); }
  bool derivative(std::span<const double> y, std::span<double> dy) override {
    last_.assign(y.begin(), y.end());
    for (std::size_t i = 0; i < rate_.size(); ++i) dy[i] = -rate_[i] * y[i] * (1 + cubic_ * y[i] * y[i]);
    return true;
  }
  [[nodiscard]] bool symmetric() const override { return true; }
  void product(std::span<const double> v, std::span<double> out) override {
    for (std::size_t i = 0; i < rate_.size(); ++i) out[i] = slope(i) * v[i];
  }
  void diagonal(std::span<double> d) const override {
    for (std::size_t i = 0; i < rate_.size(); ++i) d[i] = slope(i);
  }
  void settle(std::span<const double> y) override { settled_.assign(y.begin(), y.end()); }

  [[nodiscard]] double rate(LocalIndex i) const { return rate_[at(i)]; }
  [[nodiscard]] std::vector<double> start(double value) const { return std::vector<double>(rate_.size(), value); }
  [[nodiscard]] const std::vector<double>& settled() const { return settled_; }

 private:
  [[nodiscard]] double slope(std::size_t i) const { return rate_[i] * (1 + 3 * cubic_ * last_[i] * last_[i]); }

  const Comm* comm_;
  Ownership rows_;
  double cubic_;
  std::vector<double> rate_, last_, settled_;
};

/// A turning pair on every rank that has a place in `pairs`: not symmetric.
class Rotation : public Dynamics {
 public:
  Rotation(const Comm& comm, GlobalIndex pairs) : comm_(&comm), pairs_(Ownership::even(comm, pairs).count()) {}
  [[nodiscard]] const Comm& comm() const override { return *comm_; }
  [[nodiscard]] LocalIndex size() const override { return 2 * pairs_; }
  bool derivative(std::span<const double> y, std::span<double> dy) override {
    for (std::size_t k = 0; k + 1 < y.size(); k += 2) dy[k] = -y[k + 1] - 0.1 * y[k], dy[k + 1] = y[k] - 0.1 * y[k + 1];
    return true;
  }

 private:
  const Comm* comm_;
  LocalIndex pairs_;
};

/// Diffusion along a ring, which conserves the sum; the inverse diagonal as a preconditioner does not.
class LeakyRing final : public Dynamics {
 public:
  LeakyRing(const Comm& comm, GlobalIndex size) : comm_(&comm), rows_(Ownership::even(comm, size)), total_(size) {}
  [[nodiscard]] const Comm& comm() const override { return *comm_; }
  [[nodiscard]] LocalIndex size() const override { return rows_.count(); }
  bool derivative(std::span<const double> y, std::span<double> dy) override {
    product(y, dy);
    for (double& x : dy) x = -x;
    return true;
  }
  [[nodiscard]] bool symmetric() const override { return true; }
  void product(std::span<const double> v, std::span<double> out) override {
    const auto all = comm_->gather_all(v);
    for (LocalIndex i = 0; i < size(); ++i) {
      const auto g = rows_.first() + i;
      const auto right = at((g + 1) % total_), left = at((g + total_ - 1) % total_);
      out[at(i)] = conductance(g) * (all[at(g)] - all[right]) +
                   conductance(static_cast<GlobalIndex>(left)) * (all[at(g)] - all[left]);
    }
  }
  void diagonal(std::span<double> d) const override {
    for (LocalIndex i = 0; i < size(); ++i) {
      const auto g = rows_.first() + i;
      d[at(i)] = conductance(g) + conductance((g + total_ - 1) % total_);
    }
  }
  void project(std::span<double> difference) const override {
    double sum = 0;
    for (const double x : difference) sum += x;
    sum = comm_->sum(sum);
    for (double& x : difference) x -= sum / static_cast<double>(total_);
    ++projections;
  }
  [[nodiscard]] GlobalIndex first() const { return rows_.first(); }
  mutable int projections = 0;

 private:
  static double conductance(GlobalIndex g) { return 1 + 1000.0 * static_cast<double>(g % 3); }
  const Comm* comm_;
  Ownership rows_;
  GlobalIndex total_;
};

/// Runs to an end time.
StepOutcome run_to(Integrator& integrator, double end, int most = 100'000) {
  integrator.set_end_time(end);
  auto outcome = StepOutcome::taken;
  while (outcome == StepOutcome::taken && most-- > 0) outcome = integrator.step();
  return outcome;
}

IntegratorParams tolerances(double relative, double absolute, Integration integration = Integration::bdf) {
  IntegratorParams params;
  params.integration = integration;
  params.relative_tolerance = relative, params.absolute_tolerance = absolute;
  return params;
}

constexpr Integration kBoth[] = {Integration::bdf, Integration::adams};

TEST(Integrator, an_exponential_decay_is_followed_and_ends_exactly_at_the_end_time) {
  for (const auto method : kBoth) {
    for (const GlobalIndex n : {1, 2, 10}) {
      Decay decay(world(), n, 5);
      Integrator integrator(decay, 0.25, decay.start(1), tolerances(1e-9, 1e-12, method));
      EXPECT_EQ(run_to(integrator, 3.25), StepOutcome::end_time);
      EXPECT_EQ(integrator.time(), 3.25);
      for (LocalIndex i = 0; i < decay.size(); ++i) {
        const double expected = std::exp(-3 * decay.rate(i));
        EXPECT_NEAR(integrator.state()[at(i)], expected, 1e-6 * expected + 1e-9);
      }
    }
  }
}

TEST(Integrator, an_end_time_may_be_followed_by_a_later_one) {
  Decay decay(world(), 5, 3);
  Integrator integrator(decay, 0, decay.start(1), tolerances(1e-9, 1e-12));
  for (const double end : {1e-4, 0.5, 2.0}) {
    EXPECT_EQ(run_to(integrator, end), StepOutcome::end_time);
    EXPECT_EQ(integrator.time(), end);
    for (LocalIndex i = 0; i < decay.size(); ++i)
      EXPECT_NEAR(integrator.state()[at(i)], std::exp(-end * decay.rate(i)), 1e-7);
  }
}

TEST(Integrator, an_event_is_found_where_the_solution_says_and_every_step_is_monitored_once) {
  for (const auto method : kBoth) {
    Decay decay(world(), 3, 1);
    std::vector<double> monitored;
    const auto level = [&](double time, std::span<const double> y) {
      monitored.push_back(time);
      return world().max(y.empty() ? 0.0 : y.front()) - 0.1;
    };
    Integrator integrator(decay, 0, decay.start(1), tolerances(1e-10, 1e-13, method), level);
    std::vector<double> ends;
    auto outcome = StepOutcome::taken;
    while (outcome == StepOutcome::taken) {
      outcome = integrator.step();
      ends.push_back(integrator.time());
    }
    EXPECT_EQ(outcome, StepOutcome::event);
    EXPECT_NEAR(integrator.time(), std::numbers::ln10, 1e-8);
    EXPECT_NEAR(world().max(integrator.state().empty() ? 0.0 : integrator.state().front()), 0.1, 1e-9);
    ends.pop_back();
    for (const double t : ends) EXPECT_EQ(std::count(monitored.begin(), monitored.end(), t), 1) << t;
  }
}

TEST(Integrator, after_an_event_it_goes_on) {
  Decay decay(world(), 3, 1);
  double level = 0.1;
  const auto event = [&](double, std::span<const double> y) {
    return world().max(y.empty() ? 0.0 : y.front()) - level;
  };
  Integrator integrator(decay, 0, decay.start(1), tolerances(1e-9, 1e-12), event);
  integrator.set_end_time(10);
  for (const double next : {0.1, 0.01, 0.009}) {
    level = next;
    auto outcome = integrator.step();
    while (outcome == StepOutcome::taken) outcome = integrator.step();
    EXPECT_EQ(outcome, StepOutcome::event);
    EXPECT_NEAR(integrator.time(), -std::log(next), 1e-6);
  }
  EXPECT_EQ(run_to(integrator, 10), StepOutcome::end_time);
}

TEST(Integrator, states_within_a_step_are_interpolated_to_the_order_of_the_method) {
  for (const auto method : kBoth) {
    Decay decay(world(), 4, 2);
    Integrator integrator(decay, 0, decay.start(1), tolerances(1e-9, 1e-12, method));
    integrator.set_end_time(4);
    std::vector<double> y(at(decay.size()));
    double before = 0;
    while (integrator.step() == StepOutcome::taken) {
      EXPECT_EQ(integrator.step_begin(), before);
      before = integrator.time();
      for (const double share : {0.0, 0.3, 0.9, 1.0}) {
        const double t = integrator.step_begin() + share * (integrator.time() - integrator.step_begin());
        integrator.interpolate(t, y);
        for (LocalIndex i = 0; i < decay.size(); ++i) EXPECT_NEAR(y[at(i)], std::exp(-t * decay.rate(i)), 1e-6);
      }
    }
  }
}

TEST(Integrator, stiffness_costs_adams_steps_and_bdf_hardly_any) {
  std::int64_t steps[2];
  for (const auto method : kBoth) {
    Decay decay(world(), 20, 1e4);
    Integrator integrator(decay, 0, decay.start(1), tolerances(1e-5, 1e-7, method));
    EXPECT_EQ(run_to(integrator, 0.2), StepOutcome::end_time);
    for (LocalIndex i = 0; i < decay.size(); ++i)
      EXPECT_NEAR(integrator.state()[at(i)], std::exp(-0.2 * decay.rate(i)), 1e-3);
    steps[method == Integration::adams ? 1 : 0] = integrator.statistics().steps;
  }
  EXPECT_LT(steps[0], 400);
  EXPECT_GT(steps[1], 5 * steps[0]);
}

TEST(Integrator, a_nonlinear_decay_needs_the_slope_at_the_state_of_the_last_rate) {
  // y' = -y (1 + y^2): 1/y^2 = 2 e^{2t} - 1 from y = 1. A slope taken elsewhere costs Newton iterations and failures.
  Decay decay(world(), 6, 1, 1);
  Integrator integrator(decay, 0, decay.start(1), tolerances(1e-9, 1e-12));
  EXPECT_EQ(run_to(integrator, 2), StepOutcome::end_time);
  const auto s = integrator.statistics();
  for (const double y : integrator.state()) EXPECT_NEAR(y, 1 / std::sqrt(2 * std::exp(4.0) - 1), 1e-7);
  EXPECT_EQ(s.linear_failures, 0);
  EXPECT_EQ(s.nonlinear_failures, 0);
  EXPECT_LT(s.nonlinear_iterations, 2 * s.steps);
}

TEST(Integrator, dynamics_without_symmetry_are_solved_by_gmres) {
  for (const auto method : kBoth) {
    Rotation rotation(world(), 3);
    std::vector<double> start(at(rotation.size()));
    for (std::size_t k = 0; k < start.size(); k += 2) start[k] = 1;
    Integrator integrator(rotation, 0, start, tolerances(1e-9, 1e-11, method));
    EXPECT_EQ(run_to(integrator, 5), StepOutcome::end_time);
    for (std::size_t k = 0; k < start.size(); k += 2) {
      EXPECT_NEAR(integrator.state()[k], std::exp(-0.5) * std::cos(5.0), 1e-6);
      EXPECT_NEAR(integrator.state()[k + 1], std::exp(-0.5) * std::sin(5.0), 1e-6);
    }
    EXPECT_EQ(integrator.statistics().krylov_iterations > 0, method == Integration::bdf);
  }
}

TEST(Integrator, what_the_flow_conserves_stays_although_the_preconditioner_leaks_it) {
  LeakyRing ring(world(), 13);
  std::vector<double> start;
  for (LocalIndex i = 0; i < ring.size(); ++i) start.push_back(std::sin(static_cast<double>(ring.first() + i)) + 1);
  double sum = 0;
  for (const double y : start) sum += y;
  sum = world().sum(sum);
  Integrator integrator(ring, 0, start, tolerances(1e-4, 1e-6));
  EXPECT_EQ(run_to(integrator, 100), StepOutcome::end_time);
  double now = 0;
  for (const double y : integrator.state()) {
    now += y;
    EXPECT_NEAR(y, sum / 13, 1e-6);
  }
  EXPECT_NEAR(world().sum(now), sum, 1e-13 * sum);
  EXPECT_GT(ring.projections, 0);
}

TEST(Integrator, states_are_settled_between_steps) {
  Decay decay(world(), 4, 1);
  Integrator integrator(decay, 0, decay.start(1), tolerances(1e-6, 1e-9));
  EXPECT_EQ(decay.settled(), decay.start(1));
  for (int k = 0; k < 5; ++k) {
    const std::vector<double> accepted(integrator.state().begin(), integrator.state().end());
    integrator.step();
    EXPECT_EQ(decay.settled(), accepted);
  }
}

TEST(Integrator, without_any_value_each_step_goes_to_the_end_or_the_event) {
  Decay nothing(world(), 0, 1);
  Integrator integrator(nothing, 0, {}, {});
  EXPECT_EQ(integrator.step(), StepOutcome::failed);  // no end to go to
  EXPECT_FALSE(integrator.message().empty());
  integrator.set_end_time(3);
  EXPECT_EQ(integrator.step(), StepOutcome::end_time);
  EXPECT_EQ(integrator.time(), 3);
  Integrator watched(nothing, 0, {}, {}, [](double t, std::span<const double>) { return 1 - t; });
  watched.set_end_time(0.5);
  EXPECT_EQ(watched.step(), StepOutcome::end_time);
  watched.set_end_time(2);
  EXPECT_EQ(watched.step(), StepOutcome::event);
  EXPECT_EQ(watched.statistics().steps, 0);
}

TEST(Integrator, a_state_at_rest_stays_there) {
  for (const auto method : kBoth) {
    Decay decay(world(), 5, 10);
    Integrator integrator(decay, 0, decay.start(0), tolerances(1e-6, 1e-9, method));
    EXPECT_EQ(run_to(integrator, 1e6), StepOutcome::end_time);
    for (const double y : integrator.state()) EXPECT_EQ(y, 0);
    EXPECT_LT(integrator.statistics().steps, 100);
  }
}

TEST(Integrator, the_scale_of_time_may_be_any) {
  // Rates of 1e-150 and 1e150, started at rest of nothing: the first step has to find the scale by itself.
  for (const double scale : {1e-150, 1e-20, 1e20, 1e150}) {
    class Scaled final : public Decay {
     public:
      Scaled(const Comm& comm, double factor) : Decay(comm, 3, 4), factor_(factor) {}
      bool derivative(std::span<const double> y, std::span<double> dy) override {
        Decay::derivative(y, dy);
        for (double& x : dy) x = (x + 1) * factor_;
        return true;
      }
      void product(std::span<const double> v, std::span<double> out) override {
        Decay::product(v, out);
        for (double& x : out) x *= factor_;
      }
      void diagonal(std::span<double> d) const override {
        Decay::diagonal(d);
        for (double& x : d) x *= factor_;
      }

     private:
      double factor_;
    };
    Scaled scaled(world(), scale);
    Integrator integrator(scaled, 0, scaled.start(0), tolerances(1e-7, 1e-9));
    EXPECT_EQ(run_to(integrator, 1 / scale, 500), StepOutcome::end_time);
    for (LocalIndex i = 0; i < scaled.size(); ++i) {
      EXPECT_NEAR(integrator.state()[at(i)], (1 - std::exp(-scaled.rate(i))) / scaled.rate(i), 1e-5);
    }
  }
}

TEST(Integrator, tolerances_that_cannot_be_met_end_in_a_message_that_says_so) {
  for (const auto method : kBoth) {
    Decay decay(world(), 5, 10);
    Integrator integrator(decay, 0, decay.start(1), tolerances(0, 1e-20, method));
    EXPECT_EQ(run_to(integrator, 10), StepOutcome::failed);
    EXPECT_NE(integrator.message().find("tolerances cannot be met"), std::string::npos) << integrator.message();
    EXPECT_NE(integrator.message().find("raise"), std::string::npos) << integrator.message();
    for (const double y : integrator.state()) EXPECT_TRUE(std::isfinite(y));
  }
}

TEST(Integrator, impossible_tolerances_are_refused) {
  Decay decay(world(), 5, 10);
  for (const auto& [relative, absolute] :
       {std::pair(-1e-3, 1e-6), {1e-3, 0.0}, {1.0, 1e-6}, {std::nan(""), 1e-6}, {1e-3, std::nan("")}}) {
    EXPECT_THROW(Integrator(decay, 0, decay.start(1), tolerances(relative, absolute)), Error);
  }
}

TEST(Integrator, tightened_tolerances_hold_errors_to_a_part_of_themselves) {
  double error[2];
  for (const double fraction : {1.0, 1e-5}) {
    Decay decay(world(), 5, 10);
    Integrator integrator(decay, 0, decay.start(1), tolerances(1e-3, 1e-4));
    integrator.tighten(fraction);
    EXPECT_EQ(run_to(integrator, 1), StepOutcome::end_time);
    double worst = 0;
    for (LocalIndex i = 0; i < decay.size(); ++i)
      worst = std::max(worst, std::abs(integrator.state()[at(i)] - std::exp(-decay.rate(i))));
    error[fraction < 1] = world().max(worst);
  }
  EXPECT_LT(error[1], 1e-3 * error[0]);
}

/// y' = 1, until y exceeds `most`.
class Failing final : public Dynamics {
 public:
  Failing(const Comm& comm, double most) : comm_(&comm), most_(most) {}
  [[nodiscard]] const Comm& comm() const override { return *comm_; }
  [[nodiscard]] LocalIndex size() const override { return comm_->rank() == 0 ? 2 : 0; }
  bool derivative(std::span<const double> y, std::span<double> dy) override {
    bool bad = false;
    for (std::size_t i = 0; i < y.size(); ++i) dy[i] = 1, bad = bad || y[i] > most_;
    return !comm_->any(bad);
  }
  [[nodiscard]] bool symmetric() const override { return true; }
  void product(std::span<const double> v, std::span<double> out) override {
    std::fill(out.begin(), out.begin() + std::ssize(v), 0.0);
  }
  void diagonal(std::span<double> d) const override { std::fill(d.begin(), d.end(), 0.0); }

 private:
  const Comm* comm_;
  double most_;
};

TEST(Integrator, rates_that_are_not_finite_end_the_run_on_all_ranks) {
  for (const auto method : kBoth) {
    for (const double most : {-1.0, 0.5}) {
      Failing failing(world(), most);
      const std::vector<double> start(at(failing.size()), 0.0);
      Integrator integrator(failing, 0, start, tolerances(1e-6, 1e-9, method));
      EXPECT_EQ(run_to(integrator, 10), StepOutcome::failed);
      EXPECT_NE(integrator.message().find("not finite"), std::string::npos) << integrator.message();
      EXPECT_LE(integrator.time(), std::max(most, 0.0) + 1e-9);
      for (const double y : integrator.state()) EXPECT_LE(y, std::max(most, 0.0));
    }
  }
}

TEST(Integrator, an_error_thrown_in_a_callback_comes_out) {
  class Throwing final : public Decay {
   public:
    explicit Throwing(const Comm& comm) : Decay(comm, 3, 2) {}
    bool derivative(std::span<const double> y, std::span<double> dy) override {
      if (++calls_ > 20) throw bad_input("enough");
      return Decay::derivative(y, dy);
    }

   private:
    int calls_ = 0;
  };
  for (const auto method : kBoth) {
    Throwing throwing(world());
    Integrator integrator(throwing, 0, throwing.start(1), tolerances(1e-9, 1e-12, method));
    EXPECT_THROW(run_to(integrator, 10), Error);
  }
  Decay decay(world(), 3, 2);
  Integrator watched(decay, 0, decay.start(1), {}, [](double t, std::span<const double>) {
    if (t > 0) throw bad_input("enough");
    return 1.0;
  });
  EXPECT_THROW(run_to(watched, 10), Error);
}

TEST(Integrator, a_preconditioner_that_is_asked_for_takes_the_place_of_the_diagonal) {
  /// (I + gamma A)^-1 itself: one iteration.
  class Exact final : public BlockPreconditioner {
   public:
    explicit Exact(std::vector<double> diagonal) : diagonal_(std::move(diagonal)) {}
    void apply(std::span<const double> r, std::span<double> u, int) override {
      for (std::size_t i = 0; i < r.size(); ++i) u[i] = r[i] / diagonal_[i];
    }

   private:
    std::vector<double> diagonal_;
  };
  class Own final : public Decay {
   public:
    explicit Own(const Comm& comm) : Decay(comm, 8, 1e4) {}
    [[nodiscard]] std::optional<Preconditioner> asked_preconditioner() const override { return Preconditioner::direct; }
    std::unique_ptr<BlockPreconditioner> make_preconditioner(Preconditioner kind, double gamma) override {
      EXPECT_EQ(kind, Preconditioner::direct);
      std::vector<double> diagonal(at(size()));
      Decay::diagonal(diagonal);
      for (double& x : diagonal) x = 1 + gamma * x;
      ++setups;
      return std::make_unique<Exact>(diagonal);
    }
    void diagonal(std::span<double> d) const override { std::fill(d.begin(), d.end(), 1e6); }  // of no use
    int setups = 0;
  };
  Own own(world());
  Integrator integrator(own, 0, own.start(1), tolerances(1e-6, 1e-9));
  EXPECT_EQ(run_to(integrator, 1), StepOutcome::end_time);
  EXPECT_GT(own.setups, 1);
  EXPECT_EQ(integrator.statistics().preconditioner_setups, own.setups);
  EXPECT_LE(integrator.statistics().krylov_iterations, 3 * integrator.statistics().derivatives);
  for (LocalIndex i = 0; i < own.size(); ++i) EXPECT_NEAR(integrator.state()[at(i)], std::exp(-own.rate(i)), 1e-5);
}

TEST(Integrator, a_preconditioner_that_cannot_be_had_ends_the_run_on_all_ranks) {
  class Refusing final : public Decay {
   public:
    explicit Refusing(const Comm& comm) : Decay(comm, 8, 1e4) {}
    [[nodiscard]] std::optional<Preconditioner> asked_preconditioner() const override { return Preconditioner::direct; }
  };
  Refusing refusing(world());
  Integrator integrator(refusing, 0, refusing.start(1), tolerances(1e-6, 1e-9));
  EXPECT_EQ(run_to(integrator, 1), StepOutcome::failed);
  EXPECT_NE(integrator.message().find("-flow_pc_type"), std::string::npos) << integrator.message();
}

}  // namespace
}  // namespace synbal::test
