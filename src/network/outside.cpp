// A neuron more on every rank: its synapses stay on the rank, so that nothing has to be sent.
#include "synbal/network/outside.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "network/assemble.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/partition.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

// ---- weights that stand for many

namespace {
/// (a^p + b^p)^{1/p}
double joined(double a, double b, double power) {
  const double large = std::max(a, b);
  return large == 0 ? 0.0 : large * std::pow(std::pow(a / large, power) + std::pow(b / large, power), 1 / power);
}

/// Collective. [own rows] Joins what an array has for each neuron to the sums.
void join_array(const Comm& comm, const Ownership& rows, const NetworkArray& array, double power,
                std::vector<double>& sums) {
  const Directory directory(comm, rows, array.neurons());
  std::vector<double> share(array.values.size());
  std::ranges::transform(array.values, share.begin(), [](double v) { return std::abs(v); });
  const auto largest = directory.reduce(share, 0.0, [](double a, double b) { return std::max(a, b); });
  const auto scale = directory.fetch(largest);
  for (std::size_t k = 0; k < share.size(); ++k) share[k] = scale[k] == 0 ? 0.0 : std::pow(share[k] / scale[k], power);
  const auto total = directory.reduce(share, 0.0, std::plus<>());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = joined(sums[i], largest[i] * std::pow(total[i], 1 / power), power);
  }
}
}  // namespace

OutsideWeights outside_weights(const Comm& comm, const Network& network, double power) {
  const auto rows = Ownership::even(comm, network.size());
  std::vector<double> in(at(rows.count()), 0.0), out(in);
  for (const auto& array : network.arrays) {
    if (array.role == ArrayRole::initial_state) continue;
    join_array(comm, rows, array, power, array.role == ArrayRole::output_weights ? out : in);
  }
  return {from_file_order<double>(comm, network, rows, in), from_file_order<double>(comm, network, rows, out)};
}

std::vector<GlobalIndex> other_axis(const NetworkArray& array) {
  if (array.pattern) {
    auto turned = array;  // as if the other axis counted neurons
    turned.neuron_axis = 1 - array.neuron_axis;
    turned.values.clear();
    return turned.neurons();
  }
  const auto width = array.shape.size() == 2 ? array.shape[1] : 1;
  std::vector<GlobalIndex> other(array.values.size());
  for (std::size_t k = 0; k < other.size(); ++k) {
    const auto place = array.elements.first() + static_cast<GlobalIndex>(k);
    other[k] = array.neuron_axis == 0 ? place % width : place / width;
  }
  return other;
}

// ---- one neuron more

namespace {
/// Every rank's range with `more` neurons more.
Ownership grown(const Comm& comm, const Ownership& rows, GlobalIndex more) {
  return Ownership::of_counts(comm, rows.count() + more);
}

/// [entries] Global columns in the numbering in which the ranks below one have `more` neurons each more.
std::vector<GlobalIndex> shifted_columns(const Network& network, GlobalIndex more) {
  std::vector<GlobalIndex> columns;
  columns.reserve(network.column.size());
  for (const auto c : network.column) {
    const auto g = network.global(c);
    columns.push_back(g + more * network.rows.owner(g));
  }
  return columns;
}

/// `alphas`: whether some rank's synapses have such factors.
GlobalRows rows_with_outside(const Network& network, const OutsideWeights& weights, const Ownership& rows,
                             bool alphas) {
  const auto columns = shifted_columns(network, 1);
  const auto n = network.local_size();
  const auto outside = rows.first() + n;
  GlobalRows grown_rows;
  const auto put = [&](GlobalIndex column, double weight, double alpha) {
    grown_rows.column.push_back(column), grown_rows.weight.push_back(weight);
    if (alphas) grown_rows.alpha.push_back(alpha);
  };
  for (LocalIndex i = 0; i < n; ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      put(columns[at(e)], network.weight[at(e)], alphas ? network.alpha[at(e)] : 1.0);
    }
    if (weights.in[at(i)] != 0) put(outside, weights.in[at(i)], 1.0);
    grown_rows.row_ptr.push_back(std::ssize(grown_rows.column));
  }
  for (LocalIndex j = 0; j < n; ++j) {
    if (weights.out[at(j)] != 0) put(rows.first() + j, weights.out[at(j)], 1.0);
  }
  grown_rows.row_ptr.push_back(std::ssize(grown_rows.column));
  sort_rows(grown_rows);
  return grown_rows;
}

/// Collective. A value more, where some rank has the field.
template <class T>
void grow(const Comm& comm, std::vector<T>& field, T value) {
  if (comm.any(!field.empty())) field.push_back(value);
}

NodeData nodes_with_outside(const Comm& comm, NodeData&& nodes, LocalIndex n) {
  if (comm.any(!nodes.name.empty())) nodes.name.push_back("(inputs and outputs)");
  grow(comm, nodes.id, std::int64_t{-1} - comm.rank());
  nodes.pinned.resize(at(n), 0);
  nodes.pinned.push_back(1);
  grow(comm, nodes.gain, 1.0);
  grow(comm, nodes.exponent, 1.0);
  grow(comm, nodes.group, kUntied);
  grow(comm, nodes.known_h, 0.0);
  return std::move(nodes);
}

template <class T>
void shrink(std::vector<T>& field) {
  if (!field.empty()) field.pop_back();
}

NodeData nodes_inside(const Comm& comm, NodeData&& nodes) {
  if (!nodes.name.empty()) {
    nodes.name.start.pop_back();
    nodes.name.letters.resize(at(nodes.name.start.back()));
  }
  shrink(nodes.id), shrink(nodes.pinned), shrink(nodes.gain), shrink(nodes.exponent), shrink(nodes.group),
      shrink(nodes.known_h);
  if (!comm.any(std::ranges::find(nodes.pinned, std::uint8_t{1}) != nodes.pinned.end())) nodes.pinned.clear();
  return std::move(nodes);
}

GlobalRows rows_inside(const Network& network) {
  const auto n = network.local_size() - 1;
  const auto columns = shifted_columns(network, -1);
  GlobalRows rows;
  for (LocalIndex i = 0; i < n; ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      if (network.column[at(e)] == n) continue;  // the rank's own neuron of the outside: nobody else's is seen here
      rows.column.push_back(columns[at(e)]);
      rows.weight.push_back(network.weight[at(e)]);
      if (!network.alpha.empty()) rows.alpha.push_back(network.alpha[at(e)]);
    }
    rows.row_ptr.push_back(std::ssize(rows.column));
  }
  return rows;
}
}  // namespace

Network with_outside(const Comm& comm, Network&& network, double power) {
  const auto n = network.local_size();
  const auto weights = outside_weights(comm, network, power);
  auto rows = grown(comm, network.rows, 1);
  std::vector<GlobalIndex> position;
  for (LocalIndex i = 0; i < n; ++i) position.push_back(network.file_index(i));
  position.push_back(network.size() + comm.rank());
  auto entries = rows_with_outside(network, weights, rows, comm.any(!network.alpha.empty()));
  auto result = localise(comm, std::move(rows), std::move(entries), std::move(network.facts));
  result.nodes = nodes_with_outside(comm, std::move(network.nodes), n);
  result.arrays = std::move(network.arrays);
  result.position = std::move(position);
  return result;
}

Network without_outside(const Comm& comm, Network&& network) {
  auto rows = grown(comm, network.rows, -1);
  auto result = localise(comm, rows, rows_inside(network), std::move(network.facts));
  result.nodes = nodes_inside(comm, std::move(network.nodes));
  result.arrays = std::move(network.arrays);
  result.position = std::move(network.position);
  result.position.pop_back();
  bool in_order = true;
  for (LocalIndex i = 0; i < rows.count(); ++i) in_order = in_order && result.position[at(i)] == rows.first() + i;
  if (!comm.any(!in_order)) result.position.clear();
  return result;
}

// ---- numbers of components

std::vector<std::int64_t> numbers_inside(const Comm& comm, const Components& components) {
  auto numbers = components.number;
  const auto outside = numbers.back();
  numbers.pop_back();
  if (comm.any(std::ranges::find(numbers, outside) != numbers.end())) return numbers;
  for (auto& number : numbers) number -= number > outside ? 1 : 0;  // the outside is a component of its own
  return numbers;
}

std::int64_t largest_inside(const Comm& comm, const Network& network, const Components& components) {
  std::vector<std::int64_t> one(at(network.local_size()), 1);
  one.back() = 0;
  const Directory leaders(comm, network.rows, std::span(components.leader).first(one.size()));
  const auto sizes = leaders.reduce(one, std::int64_t{0}, std::plus<>());
  return comm.max(std::ranges::max(sizes));
}

std::int64_t number_outside(const Comm& comm, const Components& components, const std::vector<std::int64_t>& inside) {
  std::int64_t number = -1;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (components.number[i] == components.number.back()) number = std::max(number, inside[i]);
  }
  number = comm.max(number);
  return number < 0 ? components.count - 1 : number;
}

}  // namespace synbal
