// Elimination before and after conjugate gradients.
#include "laplacian/reduced_system.hpp"

namespace synbal::detail {

ReducedSystem::ReducedSystem(const ConductanceGraph& whole, const ComponentSums& components,
                             LaplacianOperator& laplacian, bool eliminate)
    : whole_(&whole) {
  if (eliminate) elimination_ = std::make_unique<Elimination>(whole);
  if (elimination_ && elimination_->eliminated() == 0) elimination_.reset();
  if (elimination_) {
    own_components_ = std::make_unique<ComponentSums>(graph());
    own_laplacian_ = std::make_unique<LaplacianOperator>(graph());
  }
  system_ = std::make_unique<GraphSystem>(graph(), own_components_ ? *own_components_ : components,
                                          own_laplacian_ ? *own_laplacian_ : laplacian);
  pcg_ = std::make_unique<BlockPcg>(*system_);
}

PcgOutcome ReducedSystem::run(PcgTask task, std::span<double> r, std::vector<double> offset, std::span<double> x,
                              BlockPreconditioner* preconditioner) {
  const auto columns = task.columns.size();
  const auto size = at(graph().size()) * columns;
  std::vector<double> reduced_r, reduced_x;
  if (elimination_) {
    reduced_r.resize(size), reduced_x.resize(size);
    elimination_->forward(r, reduced_r, static_cast<int>(columns), offset);
  }
  whole_->comm().sum(std::span(offset));
  for (std::size_t k = 0; k < columns; ++k) task.columns[k].offset = offset[k];
  task.r = elimination_ ? std::span<const double>(reduced_r) : r;
  const auto outcome = pcg_->run(task, elimination_ ? std::span(reduced_x) : x, preconditioner);
  if (elimination_) elimination_->backward(r, reduced_x, x, static_cast<int>(columns));
  return outcome;
}

}  // namespace synbal::detail
