// The forecast, and the order in which preconditioners are tried.
#include <algorithm>
#include <set>

#include "krylov/operators.hpp"
#include "synbal/krylov/choice.hpp"

namespace synbal::test {
namespace {

/// Offers what it is told, and refuses some of it.
class Offers final : public PreconditionerFactory {
 public:
  Offers(std::vector<Preconditioner> kinds, std::set<Preconditioner> refused)
      : kinds_(std::move(kinds)), refused_(std::move(refused)) {}
  [[nodiscard]] const char* user() const override { return "test"; }
  [[nodiscard]] std::vector<Preconditioner> after(Preconditioner present, bool swings) const override {
    asked_about_swings = swings;
    const auto here = std::find(kinds_.begin(), kinds_.end(), present);
    return {here == kinds_.end() ? kinds_.begin() : here + 1, kinds_.end()};
  }
  [[nodiscard]] double patience(Preconditioner, bool) const override { return 50; }
  [[nodiscard]] ForecastParams forecasts() const override { return params; }
  [[nodiscard]] std::int64_t limit(Preconditioner kind, bool last) const override {
    return last ? 1000 : 10 * (1 + static_cast<int>(kind));
  }
  std::unique_ptr<BlockPreconditioner> make(Preconditioner kind) override {
    class Identity final : public BlockPreconditioner {
     public:
      void apply(std::span<const double> r, std::span<double> u, int) override {
        std::copy(r.begin(), r.end(), u.begin());
      }
    };
    ++made;
    return refused_.contains(kind) ? nullptr : std::make_unique<Identity>();
  }
  ForecastParams params{6, 64, 0, 1};
  int made = 0;
  mutable bool asked_about_swings = false;

 private:
  std::vector<Preconditioner> kinds_;
  std::set<Preconditioner> refused_;
};

/// Tells the choice of residuals until it wants to leave. @return how many it took, or `most`.
template <class Residual>
int fed(PreconditionerChoice& choice, Residual&& residual, int most = 400) {
  for (int k = 0; k < most; ++k) {
    const double value = residual(k), alpha = 1, beta = k > 0 ? 0.5 : 0;
    const int column = 3;
    PcgIteration iteration;
    iteration.iteration = k;
    iteration.column = std::span(&column, 1);
    iteration.alpha = std::span(&alpha, 1), iteration.beta = std::span(&beta, 1);
    iteration.residual = std::span(&value, 1);
    if (choice.advise(iteration)) return k + 1;
  }
  return most;
}

TEST(PreconditionerChoice, leaves_when_many_iterations_are_ahead_and_stays_when_few_are) {
  Offers offers({Preconditioner::multigrid}, {});
  PreconditionerChoice choice(offers);
  EXPECT_EQ(choice.get(), nullptr);
  const auto fast = [](int k) { return std::pow(0.6, k); };
  const auto slow = [](int k) { return std::pow(0.95, k); };
  choice.begin(1e-8);
  EXPECT_EQ(fed(choice, fast, 36), 36);
  choice.begin(1e-8);
  EXPECT_EQ(fed(choice, slow), 6);
  choice.begin(1e-1);
  EXPECT_EQ(fed(choice, slow, 45), 45);  // 360 to 1e-8, but only 45 to 0.1
  offers.params.margin = 2;
  choice.begin(1e-2);
  EXPECT_EQ(fed(choice, slow), 12);  // 90 to 0.01: too many, but not by far
}

TEST(PreconditionerChoice, judges_swinging_residuals_by_their_pace_over_the_swings) {
  Offers offers({Preconditioner::multigrid}, {});
  PreconditionerChoice choice(offers);
  choice.begin(1e-6);
  EXPECT_EQ(fed(
                choice, [](int k) { return std::pow(0.7, k) * (k % 2 == 0 ? 1 : 4); }, 38),
            38);
  choice.begin(1e-8);
  const int left = fed(choice, [](int k) { return std::pow(0.985, k) * (k % 2 == 0 ? 1 : 4); });
  EXPECT_GT(left, 6);
  EXPECT_LT(left, 130);
  EXPECT_TRUE(choice.next());
  EXPECT_TRUE(offers.asked_about_swings);
}

TEST(PreconditionerChoice, believes_swings_early_only_where_the_spectrum_agrees) {
  const auto swinging = [](int k) { return std::pow(0.999, k) * (k % 2 == 0 ? 1 : 4); };
  // The matrix of alpha = 1, beta = 1/2 has its least eigenvalue near (1 - sqrt(1/2))^2 = 0.09: not small.
  for (const double target : {1e-8, 1e-60}) {
    Offers offers({Preconditioner::multigrid}, {});
    offers.params = {6, 64, 128, 1};
    PreconditionerChoice choice(offers);
    choice.begin(target);
    // For 1e-8 the bound asks for eigenvalues of 0.0046, for 1e-60 for those of 0.26.
    EXPECT_EQ(fed(choice, swinging), target > 1e-9 ? 128 : 64);
  }
}

TEST(PreconditionerChoice, goes_on_in_order_over_what_is_refused_and_ends_with_patience) {
  Offers offers({Preconditioner::incomplete, Preconditioner::multigrid, Preconditioner::direct},
                {Preconditioner::multigrid});
  PreconditionerChoice choice(offers);
  EXPECT_TRUE(choice.renew());
  EXPECT_EQ(offers.made, 0);
  EXPECT_TRUE(choice.next());
  EXPECT_EQ(choice.name(), "incomplete cholesky");
  EXPECT_EQ(choice.limit(), offers.limit(Preconditioner::incomplete, false));
  EXPECT_TRUE(choice.next());
  EXPECT_EQ(choice.kind(), Preconditioner::direct);
  EXPECT_NE(choice.get(), nullptr);
  const auto before = choice.get();
  EXPECT_TRUE(choice.renew());
  EXPECT_NE(before, nullptr);
  EXPECT_EQ(offers.made, 4);
  EXPECT_TRUE(choice.next());
  EXPECT_EQ(choice.kind(), Preconditioner::jacobi);
  EXPECT_TRUE(choice.resolved());
  EXPECT_EQ(choice.limit(), 1000);
  choice.begin(1e-8);
  EXPECT_EQ(fed(
                choice, [](int) { return 1.0; }, 100),
            100);
  EXPECT_FALSE(choice.next());
}

TEST(PreconditionerChoice, what_is_asked_for_stays) {
  Offers offers({}, {});
  PreconditionerChoice choice(offers, Preconditioner::multigrid);
  EXPECT_TRUE(choice.resolved());
  EXPECT_TRUE(choice.renew());
  EXPECT_EQ(choice.name(), "multigrid");
  choice.begin(1e-8);
  EXPECT_EQ(fed(
                choice, [](int) { return 1.0; }, 100),
            100);
  Offers refusing({}, {Preconditioner::direct});
  PreconditionerChoice refused(refusing, Preconditioner::direct);
  EXPECT_FALSE(refused.renew());
  EXPECT_TRUE(refused.next());
  EXPECT_EQ(refused.kind(), Preconditioner::jacobi);
}

TEST(PreconditionerChoice, what_is_obeyed_is_never_left) {
  Offers offers({Preconditioner::incomplete, Preconditioner::multigrid}, {});
  PreconditionerChoice choice(offers, Preconditioner::incomplete, true);
  EXPECT_TRUE(choice.renew());
  EXPECT_FALSE(choice.next());
  EXPECT_EQ(choice.kind(), Preconditioner::incomplete);
  EXPECT_NE(choice.get(), nullptr);
}

}  // namespace
}  // namespace synbal::test
