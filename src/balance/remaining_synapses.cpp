// Compaction in place.
#include "balance/remaining_synapses.hpp"

#include <algorithm>
#include <numeric>
#include <span>

#include "synbal/core/huge_pages.hpp"

namespace synbal {

namespace {

template <class T>
void give_back_part(std::vector<T>& values, std::int64_t begin, std::int64_t end) {
  if (!values.empty()) give_back(std::span(values).subspan(at(begin), at(end - begin)));
}

template <class T>
void cut(std::vector<T>& values, std::int64_t size) {
  if (values.empty()) return;
  values.resize(at(size));
  values.shrink_to_fit();
}

}  // namespace

RemainingSynapses::RemainingSynapses(Network& network) : network_(&network), row_ptr_(network.row_ptr.size(), 0) {}

void RemainingSynapses::keep(LocalIndex row, std::int64_t entry) {
  auto& n = *network_;
  n.column[at(kept_)] = n.column[at(entry)];
  n.weight[at(kept_)] = n.weight[at(entry)];
  if (!n.alpha.empty()) n.alpha[at(kept_)] = n.alpha[at(entry)];
  ++kept_;
  ++row_ptr_[at(row) + 1];
}

void RemainingSynapses::give_back(std::int64_t entry) {
  const auto begin = std::max(kept_, given_);
  given_ = entry;
  if (begin >= entry) return;
  give_back_part(network_->column, begin, entry);
  give_back_part(network_->weight, begin, entry);
  give_back_part(network_->alpha, begin, entry);
}

/// Columns get the numbers of a halo of those ghosts that they name.
std::vector<LocalIndex> RemainingSynapses::renumber_ghosts() {
  const auto rows = network_->local_size();
  std::vector<LocalIndex> number(at(network_->halo.ghost_count()), -1), named;
  for (const auto j : network_->column) {
    if (j >= rows) number[at(j - rows)] = 0;
  }
  for (std::size_t g = 0; g < number.size(); ++g) {
    if (number[g] < 0) continue;
    number[g] = static_cast<LocalIndex>(named.size());
    named.push_back(static_cast<LocalIndex>(g));
  }
  for (auto& j : network_->column) {
    if (j >= rows) j = rows + number[at(j - rows)];
  }
  return named;
}

std::vector<LocalIndex> RemainingSynapses::finish(const Comm& comm) {
  std::partial_sum(row_ptr_.begin(), row_ptr_.end(), row_ptr_.begin());
  network_->row_ptr = std::move(row_ptr_);
  cut(network_->column, kept_);
  cut(network_->weight, kept_);
  cut(network_->alpha, kept_);
  auto named = renumber_ghosts();
  std::vector<GlobalIndex> ghosts;
  ghosts.reserve(named.size());
  for (const auto g : named) ghosts.push_back(network_->halo.ghosts()[at(g)]);
  network_->halo = {};  // gives way to the new one
  network_->halo = Halo(comm, network_->rows, std::move(ghosts));
  return named;
}

}  // namespace synbal
