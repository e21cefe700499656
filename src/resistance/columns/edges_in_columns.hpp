// What columns of L^+ say about the edges, as they come.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "synbal/core/answer_keeper.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/laplacian/solver.hpp"

namespace synbal::detail {

/// L+_ii of the nodes and, per kept edge (see edge_visits.hpp), L+_ij.
class EdgesInColumns {
 public:
  /// Not collective. Both must outlive it; the keeper may be none.
  EdgesInColumns(const ConductanceGraph& graph, AnswerKeeper* keeper);

  /// Collective. All columns, those that the keeper knows without a solve. @return whether all converged.
  bool fill(LaplacianSolver& solver, double tolerance);
  /// Collective. [kept edges] c (L+_ii + L+_jj - 2 L+_ij)
  [[nodiscard]] std::vector<double> leverages() const;
  /// [n] c L+_ii of the edges to ground.
  [[nodiscard]] std::vector<double> to_ground() const;

 private:
  struct Place {
    GlobalIndex column;
    LocalIndex i;
    std::size_t number;
  };
  [[nodiscard]] std::span<const Place> places_in(GlobalIndex first, int columns) const;
  void take(GlobalIndex first, int columns, std::span<const double> x);
  [[nodiscard]] std::span<const double> known(const Place& place) const;
  std::optional<bool> recalled(GlobalIndex first, int columns);
  void remember(GlobalIndex first, int columns, bool converged);

  const ConductanceGraph* graph_;
  AnswerKeeper* keeper_;
  std::vector<Place> places_;  // by column
  std::vector<double> diagonal_, between_;
};

}  // namespace synbal::detail
