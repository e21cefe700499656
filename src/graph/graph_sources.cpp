// What a graph of conductances can be made from: a symmetric network, a list of edges.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graph/paired_rows.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/graph/graph.hpp"
#include "synbal/network/components.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {

std::string place_of(GlobalIndex row, GlobalIndex column) {
  return fmt::format("row {}, column {}", row + 1, column + 1);
}

constexpr const char* kRemedy =
    "give a symmetric matrix of non-negative conductances, or leave the costs to be made from the weights";

/// The network without self-loops, with global columns.
GlobalRows network_rows(const Network& network) {
  detail::RowWriter out;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      if (network.column[e] != i) out.put(network.global(network.column[e]), network.weight[e]);
    }
    out.end_row();
  }
  return std::move(out.rows);
}

/// Places in the file's order: [n] of owned rows, and a way to name a column seen by this rank.
std::vector<GlobalIndex> file_places(const Network& network) {
  std::vector<GlobalIndex> place;
  for (LocalIndex i = 0; i < network.local_size(); ++i) place.push_back(network.file_index(i));
  return with_ghosts(network.halo, std::move(place));
}

void check_conductances(const Network& network, const std::vector<GlobalIndex>& place) {
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      const double w = network.weight[e];
      if (network.column[e] == i || (w >= 0 && std::isfinite(w))) continue;
      throw bad_input(fmt::format("conductance {} in {} (conductances cannot be negative or infinite): {}", w,
                                  place_of(place[at(i)], place[at(network.column[e])]), kRemedy));
    }
  }
}

/// The mean of A and its transpose. @throws Error bad_input where they differ: at the end that has the entry.
GlobalRows symmetric_rows(const Network& network, const std::vector<GlobalIndex>& place, const GlobalRows& a,
                          const GlobalRows& transposed) {
  const auto place_of_column = [&](GlobalIndex j) { return place[at(network.halo.local(j))]; };
  detail::RowWriter out;
  out.rows.column.reserve(a.column.size()), out.rows.weight.reserve(a.column.size());
  LocalIndex row = 0;
  detail::for_each_place(a, transposed, [&](LocalIndex i, GlobalIndex j, double w, double back) {
    for (; row < i; ++row) out.end_row();
    if (w == 0) return;
    if (std::abs(w - back) > 1e-12 * std::max(w, back)) {  // what writing and reading decimal numbers may do
      throw bad_input(
          fmt::format("conductance {} in {} but {} in the opposite place (a graph of conductances is "
                      "symmetric): {}",
                      w, place_of(place[at(i)], place_of_column(j)), back, kRemedy));
    }
    out.put(j, 0.5 * (w + back));
  });
  for (; out.rows.row_ptr.size() < a.row_ptr.size();) out.end_row();
  return std::move(out.rows);
}

/// A power of two near the largest value where its square could leave the range (beyond 2^(+-400)); 1 elsewhere.
double unit_for(const Comm& comm, const std::vector<double>& weights) {
  double largest = 0;
  for (const double w : weights) largest = std::max(largest, w);
  largest = comm.max(largest);
  const double log2 = largest > 0 ? std::ceil(std::log2(largest)) : 0;
  return std::abs(log2) > 400 ? std::exp2(log2) : 1.0;
}

/// [rows + ghosts] Number that each column of the network gets among the free neurons, -1 where it is pinned.
struct FreeNeurons {
  Ownership nodes;
  std::vector<LocalIndex> row;
  std::vector<GlobalIndex> number;
};

FreeNeurons free_neurons(const Comm& comm, const Network& network) {
  FreeNeurons free;
  const auto& pinned = network.nodes.pinned;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    if (pinned.empty() || pinned[at(i)] == 0) free.row.push_back(i);
  }
  free.nodes = Ownership::of_counts(comm, static_cast<GlobalIndex>(free.row.size()));
  free.number.assign(at(network.local_size()), -1);
  for (std::size_t k = 0; k < free.row.size(); ++k) {
    free.number[at(free.row[k])] = free.nodes.first() + static_cast<GlobalIndex>(k);
  }
  free.number = with_ghosts(network.halo, std::move(free.number));
  return free;
}

/// Takes the rows and columns of pinned neurons out; what leads to them becomes conductance to ground.
void ground_pinned(const Network& network, const FreeNeurons& free, const GlobalRows& all, GraphParts& parts) {
  detail::RowWriter out;
  parts.ground.assign(free.row.size(), 0.0);
  for (std::size_t k = 0; k < free.row.size(); ++k) {
    const auto i = at(free.row[k]);
    for (auto e = at(all.row_ptr[i]); e < at(all.row_ptr[i + 1]); ++e) {
      const auto w = std::max(all.weight[e] / parts.unit, kSmallestConductance);
      const auto j = free.number[at(network.halo.local(all.column[e]))];
      j < 0 ? static_cast<void>(parts.ground[k] += w) : out.put(j, w);
    }
    out.end_row();
  }
  parts.rows = std::move(out.rows);
}

/// Labels of components for the nodes that are the rows `row` of the network.
void label_components(const Comm& comm, const Network& network, const std::vector<LocalIndex>& row, GraphParts& parts) {
  const auto found = strongly_connected_components(comm, network);
  const auto& pinned = network.nodes.pinned;
  GlobalIndex grounded = -1;
  for (std::size_t i = 0; i < pinned.size(); ++i) {
    if (pinned[i] != 0) grounded = found.leader[i];
  }
  parts.grounded_component = comm.max(grounded);
  for (const auto i : row) parts.component.push_back(found.leader[at(i)]);
  parts.component_rows = network.rows;
}

}  // namespace

GlobalRows with_transpose_added(const Comm& comm, const Ownership& ownership, GlobalRows&& rows) {
  const auto transposed = transpose(comm, ownership, rows);
  sort_rows(rows);
  detail::RowWriter out;
  out.rows.column.reserve(rows.column.size() + transposed.column.size());
  out.rows.weight.reserve(rows.column.size() + transposed.column.size());
  LocalIndex row = 0;
  detail::for_each_place(rows, transposed, [&](LocalIndex i, GlobalIndex j, double there, double back) {
    for (; row < i; ++row) out.end_row();
    out.put(j, there + back);
  });
  for (; out.rows.row_ptr.size() < rows.row_ptr.size();) out.end_row();
  out.rows.column.shrink_to_fit(), out.rows.weight.shrink_to_fit();
  return std::move(out.rows);
}

ConductanceGraph graph_of(const Comm& comm, const Network& network) {
  const auto place = file_places(network);
  agreed(comm, [&] { check_conductances(network, place); });
  GlobalRows all;
  {
    auto rows = network_rows(network);
    const auto transposed = transpose(comm, network.rows, rows);
    sort_rows(rows);
    all = agreed(comm, [&] { return symmetric_rows(network, place, rows, transposed); });
  }
  GraphParts parts;
  parts.unit = unit_for(comm, all.weight);
  auto free = free_neurons(comm, network);
  parts.nodes = free.nodes;
  ground_pinned(network, free, all, parts);
  label_components(comm, network, free.row, parts);
  ConductanceGraph graph(comm, std::move(parts));
  graph.set_network_row(std::move(free.row));
  return graph;
}

namespace {

void check_edges(const Triplets& edges, GlobalIndex nodes) {
  const auto exists = [&](GlobalIndex node) { return node >= 0 && node < nodes; };
  for (std::size_t e = 0; e < edges.row.size(); ++e) {
    const double w = edges.weight[e];
    if (w > 0 && std::isfinite(w) && exists(edges.row[e]) && exists(edges.column[e])) continue;
    throw bad_input(
        fmt::format("edge {} - {} of conductance {} in a graph of {} nodes (nodes count from 0, "
                    "conductances are positive): correct the edge",
                    edges.row[e], edges.column[e], w, nodes));
  }
}

/// Every edge from both of its ends, without loops.
Triplets both_ways(const Triplets& edges) {
  Triplets both;
  for (std::size_t e = 0; e < edges.row.size(); ++e) {
    if (edges.row[e] == edges.column[e]) continue;
    both.row.insert(both.row.end(), {edges.row[e], edges.column[e]});
    both.column.insert(both.column.end(), {edges.column[e], edges.row[e]});
    both.weight.insert(both.weight.end(), {edges.weight[e], edges.weight[e]});
  }
  return both;
}

}  // namespace

ConductanceGraph graph_of_edges(const Comm& comm, const Ownership& nodes, Triplets&& edges,
                                std::vector<double> ground) {
  agreed(comm, [&] { check_edges(edges, nodes.size()); });
  auto both = both_ways(edges);
  edges = {};
  auto network = assemble(comm, nodes, route(comm, nodes, std::move(both)), Duplicates::sum, {});
  ground.resize(at(nodes.count()), 0.0);
  for (const double g : ground) network.nodes.pinned.push_back(static_cast<std::uint8_t>(g > 0));
  GraphParts parts;
  parts.nodes = nodes;
  parts.rows = network_rows(network);
  parts.ground = std::move(ground);
  std::vector<LocalIndex> row(at(nodes.count()));
  std::iota(row.begin(), row.end(), 0);
  // Nodes with a conductance to ground stand for ground here: they are joined, which is all that labels tell.
  label_components(comm, network, row, parts);
  return {comm, std::move(parts)};
}

}  // namespace synbal
