// A SONATA file written again with only syn_weight changed: every edge scaled by its own factor, among the neurons of
// the population by e^{h_source - h_target}, from others by e^{-h_target}, to others by e^{h_source}.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/assembly.hpp"
#include "io/hdf5/patched_copy.hpp"
#include "io/sonata/edges.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::io {

namespace {
/// Logarithms of the factors of the neurons, in the order of their ids.
struct NeuronLogs {
  Ownership rows;
  std::vector<double> as_target, as_source;
};

/// Collective.
NeuronLogs logs_of(const Comm& comm, const Network& network, std::span<const double> h) {
  NeuronLogs logs{Ownership::even(comm, network.size()), {}, {}};
  const auto& exponent = network.nodes.exponent;
  std::vector<double> in(h.size()), out(h.size());
  for (std::size_t i = 0; i < h.size(); ++i) {
    in[i] = -h[i];
    out[i] = exponent.empty() ? h[i] : exponent[i] * h[i];
  }
  logs.as_target = to_file_order<double>(comm, network, logs.rows, in);
  logs.as_source = to_file_order<double>(comm, network, logs.rows, out);
  return logs;
}

void check_known(const EdgePopulation& edges, const std::vector<GlobalIndex>& ids, GlobalIndex n) {
  const auto wrong = std::ranges::find_if(ids, [&](GlobalIndex id) { return id >= n; });
  if (wrong == ids.end()) return;
  throw bad_input(fmt::format("{}: an edge names neuron {}, and the result has {}: give the result of this population",
                              edges.where, *wrong, n));
}

/// Collective. [edges of the share] Logarithms of their factors.
std::vector<double> edge_logs(const Comm& comm, const EdgePopulation& edges, const EdgeShare& share,
                              const std::string& population, const NeuronLogs& logs) {
  std::vector<double> sum(share.source.size(), 0.0);
  const auto add = [&](const std::vector<GlobalIndex>& ids, const std::vector<double>& of_neurons) {
    agreed(comm, [&] { check_known(edges, ids, logs.rows.size()); });
    const auto values = Directory(comm, logs.rows, ids).fetch(of_neurons);
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += values[k];
  };
  if (edges.target == population) add(share.target, logs.as_target);
  if (edges.source == population) add(share.source, logs.as_source);
  return sum;
}

/// The new weights of a group's rows that this rank looks after.
struct GroupWeights {
  std::string path;  ///< of the dataset
  bool is_new = false;
  Ownership rows;
  std::vector<double> values;
};

/// Collective. What the rows of a group are, from the edges that have them: [own rows].
template <class T>
std::vector<T> by_row(const Directory& directory, const GroupEdges& edges, const std::vector<T>& of_edges, T neutral) {
  std::vector<T> values;
  values.reserve(edges.edge.size());
  for (const auto e : edges.edge) values.push_back(of_edges[e]);
  return directory.reduce(values, neutral, [](T a, T b) { return a + b; });
}

/// Collective. Weights as they are: those of the file, or of the table of types.
std::vector<double> old_weights(const Comm& comm, const Hdf5Input& file, const EdgePopulation& population,
                                const EdgeGroup& group, const EdgeTypes& types,
                                const std::vector<std::int64_t>& type_of_row,
                                const std::vector<std::int64_t>& edges_of_row, const Ownership& rows) {
  return agreed(comm, [&] {
    std::vector<double> weights(at(rows.count()), 0.0);
    if (group.weight) {
      file.read(*group.weight, rows.first(), rows.count(), weights.data());
      return weights;
    }
    for (std::size_t k = 0; k < weights.size(); ++k) {
      if (edges_of_row[k] > 0) weights[k] = type_weight(types, type_of_row[k], population);
    }
    return weights;
  });
}

/// Collective.
GroupWeights scaled_group(const Comm& comm, const Hdf5Input& file, const EdgePopulation& population, std::size_t g,
                          const EdgeTypes& types, const EdgeShare& share, const std::vector<double>& logs) {
  const auto& group = population.groups[g];
  GroupWeights out{in_group(group.path, "syn_weight"), !group.weight, Ownership::even(comm, group.rows), {}};
  const auto edges = edges_of_group(share, g);
  const Directory directory(comm, out.rows, edges.row);
  const auto count = by_row(directory, edges, std::vector<std::int64_t>(share.source.size(), 1), std::int64_t{0});
  agreed(comm, [&] {
    if (std::ranges::all_of(count, [](std::int64_t c) { return c <= 1; })) return;
    throw bad_input(
        fmt::format("{}/edge_group_index: two edges have one row of {}, which can have one weight only: get "
                    "the file again",
                    population.where, group.path));
  });
  const auto log = by_row(directory, edges, logs, 0.0);
  const auto type = by_row(directory, edges, share.type, std::int64_t{0});
  out.values = old_weights(comm, file, population, group, types, type, count, out.rows);
  agreed(comm, [&] {
    for (std::size_t k = 0; k < out.values.size(); ++k) {
      out.values[k] = scaled_weight(out.values[k], log[k]);
      if (!std::isfinite(out.values[k])) throw bad_input(out.path + ": a weight leaves the range of doubles: check h");
    }
  });
  return out;
}

/// Collective. Of all edges that begin or end in the population.
std::vector<GroupWeights> scaled_weights(const Comm& comm, const Hdf5Input& file, const ScaledCopy& copy,
                                         const EdgeTypes& types) {
  auto all = agreed(comm, [&] { return open_populations(file); });
  const auto population = agreed(comm, [&] { return choose_population(file, all, copy.source.inside, copy.options); });
  const auto logs = logs_of(comm, copy.network, copy.h);
  std::vector<GroupWeights> scaled;
  for (auto& edges : all) {
    if (edges.source != population && edges.target != population) continue;
    const auto share = read_edges(comm, file, edges);
    const auto of_edges = edge_logs(comm, edges, share, population, logs);
    for (std::size_t g = 0; g < edges.groups.size(); ++g) {
      scaled.push_back(scaled_group(comm, file, edges, g, types, share, of_edges));
    }
  }
  return scaled;
}
}  // namespace

void copy_sonata(const Comm& comm, const InputFile& bytes, const ScaledCopy& copy, const std::string& path) {
  const auto types =
      agreed(comm, [&] { return copy.options.edge_types ? read_edge_types(*copy.options.edge_types) : EdgeTypes{}; });
  std::vector<GroupWeights> scaled;
  {
    const auto file = Hdf5Input::open(comm, bytes);
    scaled = scaled_weights(comm, file, copy, types);
  }
  PatchedCopy output;
  for (const auto& group : scaled) output.replace(group.path, group.rows.size());
  output.create(comm, bytes, path);
  agreed(comm, [&] {
    for (std::size_t k = 0; k < scaled.size(); ++k) output.write(k, scaled[k].rows.first(), scaled[k].values);
  });
  output.finish();
}

}  // namespace synbal::io
