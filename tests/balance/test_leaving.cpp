// A run whose time is up in the midst of a solve leaves it at once, and keeps what another run goes on from to the same
// bits.
#include <optional>

#include "networks.hpp"
#include "synbal/balance/run_keeper.hpp"
#include "synbal/core/solve_watch.hpp"
#include "synbal/network/generate.hpp"

namespace synbal::test {
namespace {

/// Says that the time is up after so many questions, and remembers what it was told to keep.
class Hurry final : public RunKeeper {
 public:
  explicit Hurry(std::int64_t patience) : patience_(patience) {}
  Wish wish() override { return ++asked > patience_ ? Wish::late : Wish::go_on; }
  void go_on_from(const Hurry& earlier) { begin_with(earlier.state, earlier.h); }

  std::int64_t asked = 0;
  RunState state;
  std::vector<double> h;

 private:
  void write(const RunState& told, std::span<const double> here, Wish /*agreed*/) override {
    state = told;
    h.assign(here.begin(), here.end());
  }
  std::int64_t patience_;
};

constexpr std::int64_t kEver = 1'000'000'000;

/// A ring of modules that the coarse space of a solve does not know at first.
Network modules() {
  GeneratorParams params;
  params.kind = "modular", params.nodes = 1600, params.degree = 6, params.modules = 20;
  return generate(world(), params);
}

struct Balancing {
  Network network = modules();
  Components components = strongly_connected_components(world(), network);
  BalanceProblem problem{world(), network, components, 2};
  Equilibrium found;

  explicit Balancing(RunKeeper& keeper) {
    BalanceParams params;
    params.stop.keeper = &keeper;
    found = balance(problem, params);
  }
};

TEST(Leaving, a_solve_ends_within_an_iteration_and_goes_on_to_the_same_bits) {
  Hurry patient(kEver);
  const Balancing whole(patient);
  EXPECT_TRUE(whole.found.solver.converged());
  const auto all = world().max(patient.asked);
  EXPECT_GT(all, 3 * whole.found.solver.iterations) << "questions come from within solves";
  for (const auto share : {0.25, 0.5, 0.75}) {
    const auto patience = static_cast<std::int64_t>(share * static_cast<double>(all));
    Hurry hurried(patience);
    const Balancing left(hurried);
    EXPECT_EQ(left.found.solver.reason, StopReason::walltime);
    EXPECT_LE(hurried.asked, patience + 3) << "another question is one more iteration";
    EXPECT_EQ(left.found.h.size(), whole.found.h.size());
    Hurry again(kEver);
    again.go_on_from(hurried);
    const Balancing second(again);
    EXPECT_TRUE(second.found.solver.converged());
    EXPECT_EQ(second.found.h, whole.found.h) << "left after " << patience << " of " << all;
    EXPECT_EQ(second.found.solver.newton_steps, whole.found.solver.newton_steps);
  }
}

TEST(Leaving, the_watch_of_another_is_not_swallowed) {
  struct Watch final : SolveWatch {
    void tell(const SolveStatus& status) override { told = status; }
    bool wants_end() override { return told.iteration >= 3; }
    SolveStatus told;
  };
  const Watch watch;
  Network network = modules();
  const auto components = strongly_connected_components(world(), network);
  BalanceProblem problem(world(), network, components, 2);
  EXPECT_THROW(balance(problem, {}), LeftEarly);
  EXPECT_EQ(watch.told.iteration, 3);
}

}  // namespace
}  // namespace synbal::test
