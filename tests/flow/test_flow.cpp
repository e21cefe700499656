// Runs of the flow against closed forms, the equilibrium, and themselves at another rank count.
#include <algorithm>
#include <cmath>
#include <limits>

#include "flow_samples.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/flow/flow.hpp"

namespace synbal::test {
namespace {

/// c_12 and c_21 of two neurons at h (c_ij leads from j to i).
struct PairCosts {
  double c12, c21;
};

/// c_12(t) of Stock et al. 2022, eq. 29-31 with the rate 2 p c-hat of gamma p = 1.
PairCosts closed_form(PairCosts start, double power, double t) {
  const double mean = std::sqrt(start.c12 * start.c21);
  if (mean == 0) return {start.c12 / (1 + 2 * power * start.c12 * t), start.c21 / (1 + 2 * power * start.c21 * t)};
  const double ratio = std::sqrt(std::min(start.c12, start.c21) / std::max(start.c12, start.c21));
  const double q = std::tanh(2 * power * mean * t + std::atanh(ratio));
  return start.c12 < start.c21 ? PairCosts{mean * q, mean / q} : PairCosts{mean / q, mean * q};
}

TEST(Flow, two_neurons_follow_their_closed_forms) {
  // tanh for c12 < c21, coth for c12 > c21, and 1/t without a way back.
  struct Case {
    double power, w12, w21;
  };
  for (const auto& c : {Case{2, 0.2, 1.3}, {2, 1.3, 0.2}, {1.5, 0.03, 0.02}, {2, 0.8, 0}, {1, 0, 2.5}}) {
    const double power = c.power;
    Dense w(2);
    w(0, 1) = c.w12, w(1, 0) = -c.w21;
    FlowSetup s(world(), network_of(world(), w), power, [](const Network& n) { return one_component(n); });
    auto params = tight();
    params.end_time = 1e3;
    params.stop_at_equilibrium = false;
    params.outputs = OutputTimes::logarithmic(1e-3, 1e3, 7);
    int outputs = 0;
    const PairCosts start{std::pow(c.w12, power), std::pow(c.w21, power)};
    const auto found = s.run(s.zeros(), params, [&](const FlowMoment& m) {
      if (!m.output) return;
      ++outputs;
      const auto now = costs_at(w, s.everywhere(world(), m.h), power);
      const auto expected = closed_form(start, power, m.time);
      EXPECT_NEAR(now(0, 1), expected.c12, 1e-7 * expected.c12) << power << " " << m.time;
      EXPECT_NEAR(now(1, 0), expected.c21, 1e-7 * expected.c21) << power << " " << m.time;
      EXPECT_NEAR(m.cost, expected.c12 + expected.c21, 1e-7 * m.cost);
    });
    EXPECT_EQ(found.end, FlowEnd::end_time);
    EXPECT_EQ(outputs, 44);  // the start, and 6 * 7 + 1
  }
}

TEST(Flow, a_potentiated_synapse_of_a_ring_relaxes_to_the_equilibrium_that_newton_finds) {
  // Stock et al. 2022, fig. 5: twelve neurons, each exciting both neighbours at unit cost, one synapse raised to
  // cost 3.
  const GlobalIndex n = 12;
  for (const double power : {1.0, 2.0}) {
    Dense w(n);
    for (GlobalIndex i = 0; i < n; ++i) w(i, (i + 1) % n) = w((i + 1) % n, i) = 1;
    w(4, 3) = std::pow(3.0, 1 / power);
    BalanceParams newton;
    newton.stop.tolerance = 1e-13;
    const Balanced truth(world(), network_of(world(), w), power, newton);
    FlowSetup s(world(), network_of(world(), w), power);
    FlowParams params;
    params.tolerance = 1e-12;
    const auto found = s.run(s.zeros(), params);
    EXPECT_EQ(found.end, FlowEnd::equilibrium);
    const auto expected = truth.h(world()), h = s.everywhere(world(), found.h);
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected[i], 1e-8);
  }
}

TEST(Flow, every_kind_of_problem_ends_at_its_equilibrium_without_failures_at_falling_cost) {
  for (const auto& kind : all_kinds()) {
    BalanceParams newton;
    newton.stop.tolerance = 1e-12;
    const Balanced truth(world(), network_of(world(), kind), kind.power, newton);
    FlowSetup s(world(), kind);
    FlowParams params;
    params.tolerance = 1e-9;
    const auto found = s.run(s.zeros(), params);
    EXPECT_EQ(found.end, FlowEnd::equilibrium) << kind.name << found.message;
    EXPECT_LE(found.imbalance.l1, 1e-9);
    EXPECT_GT(found.imbalance.l1, 0.999e-9);  // at the event, not beyond
    const auto expected = truth.h(world()), h = s.everywhere(world(), found.h);
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected[i], 1e-6) << kind.name;
    EXPECT_LT(found.largest_cost_increase, 1e-14) << kind.name;
    EXPECT_LT(found.final_cost, found.initial_cost);
    EXPECT_EQ(found.statistics.linear_failures, 0) << kind.name;
    EXPECT_LT(found.statistics.steps, 500) << kind.name;
  }
}

TEST(Flow, the_time_of_the_equilibrium_does_not_depend_on_the_tolerances_or_the_method) {
  // Near the end h differs from its limit by less than the tolerances: they alone would leave the time open.
  const auto w = lognormal(20, 0.4, 0.3, 7);
  FlowSetup s(world(), network_of(world(), w), 1);
  auto params = tight(1e-10, 1e-13);
  const double truth = s.run(s.zeros(), params).time;
  for (const auto method : {Integration::bdf, Integration::adams}) {
    for (const double tolerance : {1e-4, 1e-7}) {
      FlowParams coarse;
      coarse.integrator.integration = method;
      coarse.integrator.relative_tolerance = tolerance, coarse.integrator.absolute_tolerance = tolerance / 100;
      const auto found = s.run(s.zeros(), coarse);
      EXPECT_EQ(found.end, FlowEnd::equilibrium);
      EXPECT_NEAR(found.time, truth, 3e-3 * truth) << to_string(method) << " " << tolerance;
      EXPECT_LT(found.largest_cost_increase, 1e-14);
    }
  }
}

TEST(Flow, sums_of_h_stay_where_they_started_in_components_without_pinned_neurons) {
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind);
    auto start = s.zeros();
    for (std::size_t i = 0; i < start.size(); ++i) {
      start[i] = 0.4 * std::sin(static_cast<double>(s.problem.neurons().first()) + static_cast<double>(i)) + 0.1;
    }
    const auto before = s.sums.sum(start);
    FlowParams params;
    params.integrator.relative_tolerance = 1e-4;  // coarse steps, so that only care keeps the sums
    params.tolerance = 1e-4;
    s.run(start, params, [&](const FlowMoment& m) {
      const auto now = s.sums.sum(m.h);
      for (LocalIndex l = 0; l < s.sums.count(); ++l) {
        if (s.sums.grounded(l)) continue;
        EXPECT_NEAR(now[at(l)], before[at(l)], 1e-12 * std::max(1.0, std::abs(before[at(l)])))
            << kind.name << " " << m.time;
      }
    });
  }
}

TEST(Flow, trajectories_do_not_depend_on_the_rank_count) {
  // Steps may differ in number by rounding; the states agree to a hundred times the tolerance of a step.
  const Comm self(MPI_COMM_SELF);
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind), serial(self, kind);
    auto params = tight(1e-6, 1e-8);
    params.end_time = 0.5;
    params.stop_at_equilibrium = false;
    params.outputs = OutputTimes::listed({1e-3, 0.01, 0.1});
    std::vector<std::vector<double>> truth;
    serial.run(serial.zeros(), params, [&](const FlowMoment& m) {
      if (m.output) truth.push_back(serial.everywhere(self, m.h));
    });
    std::size_t k = 0;
    s.run(s.zeros(), params, [&](const FlowMoment& m) {
      if (!m.output) return;
      const auto h = s.everywhere(world(), m.h);
      for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], truth[k][i], 1e-4) << kind.name << " " << m.time;
      ++k;
    });
    EXPECT_EQ(k, 5U);
    EXPECT_EQ(truth.size(), 5U);
  }
}

TEST(Flow, a_preconditioner_of_petsc_changes_the_work_but_not_the_answer) {
  // Six clusters that hang on threads: what Jacobi takes many iterations for.
  const auto dense = lognormal(60, 0.6, 0.5, 21);
  Dense w(60);
  for (GlobalIndex i = 0; i < 60; ++i) {
    for (GlobalIndex j = 0; j < 60; ++j) {
      if (i / 10 == j / 10) w(i, j) = dense(i, j);
      if (j == (i + 10) % 60 && i % 10 == 3) w(i, j) = w(j, i) = 0.02;
    }
  }
  FlowParams params;
  params.tolerance = 1e-8;
  FlowSetup plain(world(), network_of(world(), w), 2);
  const auto truth = plain.run(plain.zeros(), params);
  SYNBAL_PETSC(PetscOptionsSetValue(nullptr, "-flow_pc_type", "hypre"));
  FlowSetup s(world(), network_of(world(), w), 2);
  SYNBAL_PETSC(PetscOptionsClearValue(nullptr, "-flow_pc_type"));
  EXPECT_TRUE(s.flow.asked_preconditioner().has_value());
  EXPECT_FALSE(plain.flow.asked_preconditioner().has_value());
  const auto found = s.run(s.zeros(), params);
  EXPECT_EQ(found.end, FlowEnd::equilibrium) << found.message;
  EXPECT_EQ(found.statistics.linear_failures, 0);
  EXPECT_NEAR(found.time, truth.time, 3e-3 * truth.time);
  EXPECT_NEAR(found.final_cost, truth.final_cost, 1e-11 * truth.final_cost);
  for (std::size_t i = 0; i < found.h.size(); ++i) EXPECT_NEAR(found.h[i], truth.h[i], 1e-5);
  EXPECT_LT(2 * found.statistics.krylov_iterations, truth.statistics.krylov_iterations);
}

TEST(Flow, a_stiff_network_takes_bdf_few_steps) {
  // Weights over five decades, costs over ten.
  const auto w = lognormal(150, 0.06, 2.5, 11);
  BalanceParams newton;
  newton.stop.tolerance = 1e-12;
  const Balanced truth(world(), network_of(world(), w), 2, newton);
  FlowSetup s(world(), network_of(world(), w), 2);
  FlowParams params;
  const auto found = s.run(s.zeros(), params);
  EXPECT_EQ(found.end, FlowEnd::equilibrium);
  EXPECT_LT(found.statistics.steps, 1500);
  EXPECT_EQ(found.statistics.linear_failures, 0);
  EXPECT_LT(found.largest_cost_increase, 1e-12);
  EXPECT_LT(found.final_cost - truth.found.costs.total, 1e-9 * found.final_cost);
}

/// What an observer was told.
struct Told {
  double time;
  bool output;
  std::int64_t steps;
};

TEST(Flow, the_observer_hears_of_the_start_every_step_every_output_and_the_end_once_in_order) {
  for (const auto& outputs : {OutputTimes::listed({}), OutputTimes::listed({0, 0.01, 0.010001, 1, 3}),
                              OutputTimes::linear(1, 400), OutputTimes::logarithmic(1e-5, 1, 3)}) {
    FlowSetup s(world(), all_kinds().front());
    FlowParams params;
    params.end_time = 1;
    params.stop_at_equilibrium = false;
    params.outputs = outputs;
    std::vector<Told> told;
    const auto found = s.run(s.zeros(), params, [&](const FlowMoment& m) {
      told.push_back({m.time, m.output, m.statistics.steps});
    });
    EXPECT_EQ(told.front().time, 0);
    EXPECT_EQ(told.back().time, 1);
    EXPECT_TRUE(told.front().output && told.back().output);
    std::vector<double> expected{0}, recorded;
    for (auto t = outputs.after(0); t && *t < 1; t = outputs.after(*t)) expected.push_back(*t);
    expected.push_back(1);
    for (const auto& t : told) {
      if (t.output) recorded.push_back(t.time);
    }
    EXPECT_EQ(recorded, expected);
    std::int64_t steps = 0;
    for (std::size_t k = 1; k < told.size(); ++k) {
      EXPECT_LT(told[k - 1].time, told[k].time);
      if (!told[k].output) ++steps;
    }
    EXPECT_GE(steps + 1, found.statistics.steps - std::ssize(recorded));
    EXPECT_LE(steps, found.statistics.steps);
  }
}

TEST(Flow, what_the_observer_is_told_fits_the_state_it_is_told_of) {
  for (const auto& kind : all_kinds()) {
    FlowSetup s(world(), kind), check(world(), kind);
    FlowParams params;
    params.outputs = OutputTimes::logarithmic(1e-4, 1e3, 4);
    params.integrator.max_steps = 60;
    params.tolerance = 1e-3;
    s.run(s.zeros(), params, [&](const FlowMoment& m) {
      std::vector<double> rate(m.h.size());
      check.flow.derivative(m.h, rate);
      const auto& c = check.flow.costs();
      EXPECT_NEAR(m.cost, c.total, 1e-12 * c.total) << kind.name;
      EXPECT_NEAR(m.imbalance.l1, imbalance(check.problem, c).l1, 1e-12) << kind.name;
      gradient(check.problem, c, rate);
      double square = 0;
      for (const double g : rate) square += g * g;
      EXPECT_NEAR(m.gradient_norm, std::sqrt(world().sum(square)), 1e-12 * c.total) << kind.name;
      for (std::size_t i = 0; i < m.h.size(); ++i) {
        EXPECT_NEAR(m.costs->in[i], c.in[i], 1e-12 * c.total) << kind.name;
        EXPECT_NEAR(m.costs->out[i], c.out[i], 1e-12 * c.total) << kind.name;
      }
    });
  }
}

TEST(Flow, one_pass_a_step_is_the_price_of_the_monitor) {
  FlowSetup s(world(), all_kinds().front());
  FlowParams params;
  params.end_time = 5;
  params.stop_at_equilibrium = false;
  const auto found = s.run(s.zeros(), params);
  const auto& n = found.statistics;
  // Beside what CVODE asks for: the monitor, and a few at the start and at the end.
  EXPECT_LE(found.matrix_passes, n.derivatives + n.products + n.steps + 5);
}

TEST(Flow, an_end_time_of_zero_records_the_start_alone) {
  FlowSetup s(world(), all_kinds().front());
  FlowParams params;
  params.end_time = 0;
  params.outputs = OutputTimes::listed({0, 1});
  int told = 0;
  const auto found = s.run(s.zeros(), params, [&](const FlowMoment& m) { told += m.output ? 1 : 100; });
  EXPECT_EQ(found.end, FlowEnd::end_time);
  EXPECT_EQ(found.time, 0);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(found.final_cost, found.initial_cost);
  for (const double h : found.h) EXPECT_EQ(h, 0);
}

TEST(Flow, what_is_balanced_at_the_start_ends_there) {
  Dense w(6);
  for (GlobalIndex i = 0; i < 6; ++i) w(i, (i + 1) % 6) = 2;
  FlowSetup s(world(), network_of(world(), w), 2);
  FlowParams params;
  params.start_time = 4;
  const auto found = s.run(s.zeros(), params);
  EXPECT_EQ(found.end, FlowEnd::equilibrium);
  EXPECT_EQ(found.time, 4);
  EXPECT_EQ(found.statistics.steps, 0);
  params.stop_at_equilibrium = false;
  params.end_time = 5;
  const auto stayed = s.run(s.zeros(), params);
  EXPECT_EQ(stayed.end, FlowEnd::end_time);
  for (const double h : stayed.h) EXPECT_NEAR(h, 0, 1e-14);
}

TEST(Flow, networks_without_anything_to_balance_are_balanced) {
  Dense chain(5);
  for (GlobalIndex i = 0; i + 1 < 5; ++i) chain(i + 1, i) = 2;
  for (const auto& w : {Dense(0), Dense(1), Dense(4), chain}) {
    FlowSetup s(world(), network_of(world(), w), 2);
    FlowParams params;
    auto found = s.run(s.zeros(), params);
    EXPECT_EQ(found.end, FlowEnd::equilibrium);
    params.stop_at_equilibrium = false;
    params.end_time = 3;
    params.outputs = OutputTimes::linear(3, 3);
    std::vector<double> times;
    found = s.run(s.zeros(), params, [&](const FlowMoment& m) { times.push_back(m.time); });
    EXPECT_EQ(found.end, FlowEnd::end_time);
    EXPECT_EQ(times, (std::vector<double>{0, 1, 2, 3}));
    const auto balanced = balance_by_flow(s.problem, {}, {});
    EXPECT_TRUE(balanced.solver.converged());
  }
}

TEST(Flow, without_finite_equilibrium_the_imbalance_never_falls_and_a_limit_ends_the_run) {
  Dense chain(9);
  for (GlobalIndex i = 0; i + 1 < 9; ++i) chain(i + 1, i) = 1 + static_cast<double>(i);
  FlowSetup s(world(), network_of(world(), chain), 2, [](const Network& n) { return one_component(n); });
  FlowParams params;
  params.end_time = 1e6;
  auto found = s.run(s.zeros(), params);
  EXPECT_EQ(found.end, FlowEnd::end_time);
  EXPECT_GT(found.imbalance.l1, 0.01);
  EXPECT_LT(found.final_cost, 1e-4);  // like 1/t
  params.end_time = std::numeric_limits<double>::infinity();
  params.integrator.max_steps = 50;
  found = s.run(s.zeros(), params);
  EXPECT_EQ(found.end, FlowEnd::step_limit);
  EXPECT_EQ(found.statistics.steps, 50);
}

TEST(Flow, limits_and_requests_end_the_run_on_all_ranks) {
  FlowSetup s(world(), all_kinds().front());
  FlowParams params;
  params.tolerance = 1e-14;
  params.max_seconds = 1e-9;
  EXPECT_EQ(s.run(s.zeros(), params).end, FlowEnd::walltime);
  params.max_seconds = 0;
  int asked = 0;
  params.interrupted = [&] { return world().rank() == world().size() - 1 && ++asked > 10; };  // one rank alone
  const auto found = s.run(s.zeros(), params);
  EXPECT_EQ(found.end, FlowEnd::interrupted);
  EXPECT_GT(found.time, 0);
  EXPECT_LT(found.final_cost, found.initial_cost);
}

TEST(Flow, tolerances_that_cannot_be_met_leave_the_last_good_state) {
  FlowSetup s(world(), all_kinds().front());
  FlowParams params;
  params.integrator.relative_tolerance = 0;
  params.integrator.absolute_tolerance = 1e-20;
  bool ended = false;
  const auto found = s.run(s.zeros(), params, [&](const FlowMoment& m) { ended = m.output; });
  EXPECT_EQ(found.end, FlowEnd::failed);
  EXPECT_NE(found.message.find("tolerances cannot be met"), std::string::npos) << found.message;
  EXPECT_TRUE(ended);
  EXPECT_LE(found.final_cost, found.initial_cost);
}

TEST(Flow, costs_beyond_the_range_of_doubles_fail_with_a_reason) {
  Dense w(3);
  w(0, 1) = 1e180, w(1, 2) = 1e-180, w(2, 0) = 1;
  FlowSetup s(world(), network_of(world(), w), 2);
  const auto found = s.run(s.zeros(), {});
  EXPECT_EQ(found.end, FlowEnd::failed);
  EXPECT_NE(found.message.find("range"), std::string::npos);
}

TEST(Flow, far_moves_of_h_neither_overflow_nor_lose_digits) {
  // Costs over 60 decades: the base has to follow.
  Dense w(4);
  w(0, 1) = 1e15, w(1, 2) = 1e-15, w(2, 3) = 1, w(3, 0) = 1;
  BalanceParams newton;
  newton.stop.tolerance = 1e-12;
  const Balanced truth(world(), network_of(world(), w), 2, newton);
  FlowSetup s(world(), network_of(world(), w), 2);
  FlowParams params;
  params.tolerance = 1e-9;
  const auto found = s.run(s.zeros(), params);
  EXPECT_EQ(found.end, FlowEnd::equilibrium) << found.message;
  const auto expected = truth.h(world()), h = s.everywhere(world(), found.h);
  for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected[i], 1e-6);
}

// --- balance --method flow ---

TEST(BalanceByFlow, gives_what_newton_gives_with_a_proof) {
  const auto kinds = all_kinds();
  for (const auto& kind : {kinds[0], kinds[3], kinds[5]}) {
    BalanceParams newton;
    newton.stop.tolerance = 1e-12;
    const Balanced truth(world(), network_of(world(), kind), kind.power, newton);
    FlowSetup s(world(), kind);
    std::vector<std::int64_t> iterations;
    const auto found =
        balance_by_flow(s.problem, {}, {}, [&](const SolverProgress& p) { iterations.push_back(p.iteration); });
    EXPECT_TRUE(found.solver.converged()) << kind.name << " " << to_string(found.solver.reason);
    EXPECT_EQ(found.solver.method, "flow");
    EXPECT_LE(found.imbalance.l1, 1e-10);
    EXPECT_LE(*found.solver.newton_step_inf, 1e-8);
    const auto expected = truth.h(world()), h = s.everywhere(world(), found.h);
    for (std::size_t i = 0; i < h.size(); ++i) EXPECT_NEAR(h[i], expected[i], 1e-7) << kind.name;
    EXPECT_NEAR(found.initial_cost, truth.found.initial_cost, 1e-13 * found.initial_cost);
    EXPECT_EQ(std::ssize(found.solver.history), found.solver.iterations + 1) << kind.name;
    EXPECT_TRUE(std::is_sorted(iterations.begin(), iterations.end()));
    EXPECT_EQ(iterations.back(), found.solver.iterations);
    EXPECT_GT(found.solver.krylov_iterations, 0);
    EXPECT_EQ(found.certificate.gap.has_value(), truth.found.certificate.gap.has_value()) << kind.name;
  }
}

TEST(BalanceByFlow, goes_on_where_the_imbalance_alone_would_lie) {
  // Two cycles joined by threads: balanced to 1e-6 long before they have found their place.
  Dense w(6);
  w(0, 1) = w(1, 2) = w(2, 0) = w(3, 4) = w(4, 5) = w(5, 3) = 1;
  w(3, 0) = 1e-3, w(1, 4) = 3e-3;
  FlowSetup s(world(), network_of(world(), w), 2);
  StopCriteria stop;
  stop.tolerance = 1e-4, stop.step_tolerance = 1e-7;
  const auto found = balance_by_flow(s.problem, stop, {});
  EXPECT_TRUE(found.solver.converged()) << to_string(found.solver.reason);
  EXPECT_LE(*found.solver.newton_step_inf, 1e-7);
  EXPECT_LT(found.imbalance.l1, 1e-6);
  EXPECT_EQ(std::ssize(found.solver.history), found.solver.iterations + 1);
}

TEST(BalanceByFlow, limits_stop_it_with_a_usable_result) {
  FlowSetup s(world(), all_kinds().front());
  StopCriteria stop;
  stop.max_iterations = 7;
  auto found = balance_by_flow(s.problem, stop, {});
  EXPECT_EQ(found.solver.reason, StopReason::iteration_limit);
  EXPECT_EQ(found.solver.iterations, 7);
  EXPECT_LT(found.costs.total, found.initial_cost);
  FlowSetup t(world(), all_kinds().front());
  stop = {};
  stop.max_seconds = 1e-9;
  found = balance_by_flow(t.problem, stop, {});
  EXPECT_EQ(found.solver.reason, StopReason::walltime);
}

TEST(BalanceByFlow, what_rounding_does_not_allow_ends_as_stagnated) {
  FlowSetup s(world(), all_kinds().front());
  StopCriteria stop;
  stop.tolerance = 1e-19;
  const auto found = balance_by_flow(s.problem, stop, {});
  EXPECT_EQ(found.solver.reason, StopReason::stagnated);
  EXPECT_LT(found.imbalance.l1, 1e-14);
  EXPECT_LT(found.solver.iterations, 2000);
}

}  // namespace
}  // namespace synbal::test
