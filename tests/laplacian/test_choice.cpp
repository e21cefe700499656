// Which preconditioner solves go through: asked for, chosen by PETSc's options, or by the progress they make.
#include <petscsys.h>

#include <string>
#include <utility>

#include "graph/graphs.hpp"
#include "synbal/graph/operator.hpp"
#include "synbal/laplacian/solver.hpp"
#include "synbal/laplacian/whole_graph.hpp"

namespace synbal {
namespace {

using namespace test;

TEST(LaplacianChoice, petsc_options_choose_the_preconditioner) {
  const auto graph = distribute(world(), random_graph(700, 4, 1.0, 31));
  const auto b = own_part(graph, noise(700, 3));
  std::vector<double> x(b.size());
  EXPECT_EQ(PetscOptionsSetValue(nullptr, "-laplacian_pc_type", "bjacobi"), 0);
  EXPECT_EQ(PetscOptionsSetValue(nullptr, "-laplacian_sub_pc_type", "icc"), 0);
  EXPECT_EQ(PetscOptionsSetValue(nullptr, "-laplacian_sub_pc_factor_shift_type", "positive_definite"), 0);
  LaplacianSolver solver(graph);
  const auto result = solver.solve(b, x, 1);
  EXPECT_EQ(PetscOptionsClearValue(nullptr, "-laplacian_pc_type"), 0);
  EXPECT_TRUE(result.converged);
  EXPECT_EQ(result.preconditioner, "bjacobi");
}

TEST(LaplacianChoice, many_iterations_ahead_call_for_another_preconditioner) {
  // A sheet of 50 x 50: smooth modes are far from what one neuron sees.
  EdgeList list{2'500, {}, {}};
  for (GlobalIndex i = 0; i < list.n; ++i) {
    if (i % 50 < 49) list.edges.push_back({i, i + 1});
    if (i + 50 < list.n) list.edges.push_back({i, i + 50});
  }
  const auto graph = distribute(world(), list);
  const auto b = own_part(graph, noise(2'500, 3));
  std::vector<double> x(b.size());
  LaplacianSolver plain(graph, {Preconditioner::jacobi}), solver(graph);
  const auto slow = plain.solve(b, x, 1), first = solver.solve(b, x, 1), second = solver.solve(b, x, 1);
  EXPECT_TRUE(slow.converged && first.converged && second.converged);
  EXPECT_NE(first.preconditioner, "jacobi");
  EXPECT_LT(2 * first.iterations, slow.iterations);
  EXPECT_EQ(second.preconditioner, first.preconditioner);
  EXPECT_LE(second.iterations, first.iterations);
}

/// `count` random graphs of `size` nodes in a ring, joined by edges of weight `thread`.
EdgeList ring_of_modules(GlobalIndex count, GlobalIndex size, double thread) {
  EdgeList list{0, {}, {}};
  for (GlobalIndex k = 0; k < count; ++k) {
    list = side_by_side(list, random_graph(size, 6, 0.0, static_cast<std::uint64_t>(k)));
  }
  for (GlobalIndex k = 0; k < count; ++k) list.edges.push_back({k * size + 1, (k + 1) % count * size + 2, thread});
  return list;
}

struct Tried {
  std::int64_t iterations = 0, plain = 0;  ///< by own choice, and with Jacobi alone
  std::string preconditioner;
};

/// Collective. One solve by own choice.
Tried try_choice(const EdgeList& list) {
  const auto graph = distribute(world(), list);
  const auto b = own_part(graph, noise(at(list.n), 3));
  std::vector<double> x(b.size());
  LaplacianSolver plain(graph, {Preconditioner::jacobi}), solver(graph);
  const auto with_jacobi = plain.solve(b, x, 1), chosen = solver.solve(b, x, 1);
  EXPECT_TRUE(with_jacobi.converged && chosen.converged);
  return {chosen.iterations, with_jacobi.iterations, chosen.preconditioner};
}

TEST(LaplacianChoice, many_modules_on_threads_call_for_elimination_soon) {
  const auto tried = try_choice(ring_of_modules(40, 60, 1e-4));
  EXPECT_EQ(tried.preconditioner, "direct");
  EXPECT_LT(3 * tried.iterations, tried.plain);
}

TEST(LaplacianChoice, few_modules_on_threads_are_nothing_to_leave_jacobi_for) {
  for (const GlobalIndex count : {2, 3}) {
    for (const double thread : {1.0, 1e-2, 1e-4, 1e-6}) {
      const auto tried = try_choice(ring_of_modules(count, 1'000, thread));
      EXPECT_EQ(tried.preconditioner, "jacobi") << thread;
      EXPECT_LE(tried.iterations, tried.plain + 1) << thread;
    }
  }
}

TEST(LaplacianChoice, a_graph_full_of_triangles_begins_with_incomplete_cholesky) {
  EdgeList list{1'500, {}, {}};
  for (GlobalIndex i = 0; i < list.n; ++i) {
    for (GlobalIndex reach = 1; reach <= 6; ++reach) list.edges.push_back({i, (i + reach) % list.n});
    if (i % 50 == 0) list.edges.push_back({i, (i * 7 + 350) % list.n});
  }
  const auto tried = try_choice(list);
  EXPECT_EQ(tried.preconditioner, "incomplete cholesky");
  EXPECT_LT(4 * tried.iterations, tried.plain);
}

/// Sites whose pages all link to the same few, in a ring, with a hub that a third of all pages link to.
EdgeList web_of_sites(GlobalIndex sites, GlobalIndex pages) {
  EdgeList list{sites * pages, {}, {}};
  for (GlobalIndex s = 0; s < sites; ++s) {
    const auto first = s * pages;
    for (GlobalIndex page = 4; page < pages; ++page) {
      for (GlobalIndex k = 0; k < 4; ++k) list.edges.push_back({first + k, first + page, 1.0});
      if (page % 3 == 0 && s > 0) list.edges.push_back({0, first + page, 1e-3});
    }
    list.edges.push_back({first, (first + pages) % list.n, 1e-2});
  }
  return list;
}

TEST(LaplacianChoice, eliminates_whole_graphs_of_hubs_and_sites_that_fill_little) {
  const auto list = web_of_sites(120, 30);
  const auto graph = distribute(world(), list);
  const auto whole = whole_graph(graph);
  EXPECT_TRUE(whole && whole->order.entries < 12.0 * static_cast<double>(list.n));
  EXPECT_FALSE(whole_graph(graph, 1e3));  // more than that is foreseen, and nothing is made
  LaplacianSolver solver(graph, {Preconditioner::direct});
  const auto b = own_part(graph, noise(at(list.n), 3));
  std::vector<double> x(b.size());
  const auto solved = solver.solve(b, x, 1);
  EXPECT_TRUE(solved.converged);
  EXPECT_LE(solved.iterations, 3);
}

TEST(LaplacianChoice, obeys_what_was_asked_for) {
  const auto list = web_of_sites(50, 30);
  const auto graph = distribute(world(), list);
  const auto b = own_part(graph, noise(at(list.n), 3));
  std::vector<double> x(b.size());
  const std::vector<std::pair<Preconditioner, std::string>> all{{Preconditioner::jacobi, "jacobi"},
                                                                {Preconditioner::incomplete, "incomplete cholesky"},
                                                                {Preconditioner::multigrid, "multigrid"},
                                                                {Preconditioner::direct, "direct"}};
  for (const auto& [kind, name] : all) {
    LaplacianSolver solver(graph, {kind});
    EXPECT_EQ(solver.solve(b, x, 1).preconditioner, name);
    EXPECT_EQ(solver.asked(), kind);
  }
}

}  // namespace
}  // namespace synbal
