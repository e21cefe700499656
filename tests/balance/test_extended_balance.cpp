// Properties of balancing in extended precision: planted answers over any range.
#include <gtest/gtest.h>

#include "balance/clusters/extended_balance.hpp"
#include "balance/planted.hpp"
#include "synbal_config.hpp"

namespace synbal::test {
namespace {

ExtendedProblem problem_of(const Planted& planted, std::int32_t pinned = -1) {
  ExtendedProblem problem;
  problem.nodes = planted.nodes();
  problem.pinned = pinned;
  for (const auto& c : planted.costs) problem.edges.push_back({c.post, c.pre, c.log_cost});
  return problem;
}

TEST(ExtendedBalance, finds_planted_answers_over_hundreds_of_decades) {
  for (const double decades : {1.0, 20.0, 100.0, 400.0}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const auto planted = planted_cycles(23, 30, decades, seed);
      const auto found = balance_extended(problem_of(planted), 1e-12);
      EXPECT_TRUE(found.converged) << decades << " decades, seed " << seed;
      EXPECT_LE(error_of(planted, found.h), 1e-11) << decades << " decades, seed " << seed;
      EXPECT_LE(found.newton_steps, 10);
    }
  }
}

TEST(ExtendedBalance, finds_the_place_of_modules_whatever_the_links) {
  for (const double link : {1e-3, 1e-12, 1e-60, 1e-200}) {
    for (const std::int32_t groups : {1, 3}) {
      const auto planted = planted_modules(9, 12, link, groups == 1, 3, groups);
      const auto found = balance_extended(problem_of(planted), 1e-12);
      EXPECT_TRUE(found.converged) << link;
      EXPECT_LE(error_of(planted, found.h), 1e-11) << link;
    }
  }
}

TEST(ExtendedBalance, a_pinned_node_stays_where_it_is) {
  const auto planted = planted_modules(4, 6, 1e-30, true, 5);
  const auto found = balance_extended(problem_of(planted, 7), 1e-12);
  EXPECT_EQ(found.h[7], 0);
  EXPECT_LE(error_of(planted, found.h), 1e-11);
}

TEST(ExtendedBalance, a_tree_of_thousands_fills_nothing) {
  const auto planted = planted_tree(SYNBAL_SANITIZED ? 2'000 : 20'000, 1, 1, 1);
  const auto found = balance_extended(problem_of(planted), 1e-12);
  EXPECT_TRUE(found.converged);
  EXPECT_FALSE(found.too_dense);
  EXPECT_LE(error_of(planted, found.h), 1e-9);
}

TEST(ExtendedBalance, gives_up_where_elimination_would_fill_too_much) {
  if (SYNBAL_SANITIZED) GTEST_SKIP() << "half a minute under sanitizers";
  const auto planted = planted_cycles(1200, 60, 1, 1);
  EXPECT_TRUE(balance_extended(problem_of(planted), 1e-12).too_dense);
}

}  // namespace
}  // namespace synbal::test
