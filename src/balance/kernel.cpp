// One pass over the local and the remote tiles, both halo exchanges overlapped with halves of the local ones.
#include "synbal/balance/kernel.hpp"

#include "balance/layout/tile_pass.hpp"
#include "synbal/core/profile.hpp"

namespace synbal {

FusedKernel::FusedKernel(const BalanceProblem& problem) : problem_(&problem), exchange_(problem.halo()) {
  if (problem.reproducible()) {
    fixed_.emplace(problem);
  } else {
    rows_.resize(at(problem.size()));
    columns_.resize(at(problem.size()) + problem.halo().ghosts().size());
  }
}

void FusedKernel::pass(const CostTiles& tiles, LocalIndex begin, LocalIndex end, KernelSlot* columns) {
  for_each_in_slots(tiles, begin, end, rows_.data(), columns, [](KernelSlot& i, KernelSlot& j, double c) {
    i.sum += c * j.read;
    j.sum += c * i.read;
  });
}

// From what the slots hold to their sums.
void FusedKernel::multiply() {
  const EventScope event(Event::pass, 4.0 * static_cast<double>(problem_->local().size() + problem_->remote().size()));
  const auto n = problem_->size();
  const auto& local = problem_->local();
  const auto& remote = problem_->remote();
  const auto half = local.bands() / 2;
  KernelSlot* const ghosts = columns_.data() + n;
  exchange_.forward_begin([&](LocalIndex i) { return columns_[at(i)].read; });
  pass(local, 0, half, columns_.data());
  exchange_.forward_end([&](LocalIndex g, double value) { ghosts[g] = {value, 0.0}; });
  pass(remote, 0, remote.bands(), ghosts);
  exchange_.reverse_begin([&](LocalIndex g) { return ghosts[g].sum; });
  pass(local, half, local.bands(), columns_.data());
  exchange_.reverse_end([&](LocalIndex i, double value) { columns_[at(i)].sum += value; });
}

void FusedKernel::operator()(std::span<const double> x, std::span<const double> y, std::span<double> in,
                             std::span<double> out) {
  run([&](LocalIndex i) { return std::pair(x[at(i)], y[at(i)]); },
      [&](LocalIndex i, double row, double column) { in[at(i)] = row, out[at(i)] = column; });
}

}  // namespace synbal
