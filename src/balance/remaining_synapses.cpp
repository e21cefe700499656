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

void RemainingSynapses::finish() {
  std::partial_sum(row_ptr_.begin(), row_ptr_.end(), row_ptr_.begin());
  network_->row_ptr = std::move(row_ptr_);
  cut(network_->column, kept_);
  cut(network_->weight, kept_);
  cut(network_->alpha, kept_);
}

}  // namespace synbal
