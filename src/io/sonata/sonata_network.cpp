// The recurrent network of a population, from all edges among its neurons.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/assembly.hpp"
#include "io/sizes.hpp"
#include "io/sonata/edges.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/route.hpp"

namespace synbal::io {

namespace {
/// Collective. The rows of a dataset that the given edges have.
std::vector<double> fetched(const Comm& comm, const Hdf5Input& file, const Dataset& dataset,
                            const std::vector<GlobalIndex>& rows) {
  const auto own = Ownership::even(comm, dataset.length);
  const auto values = agreed(comm, [&] {
    std::vector<double> part(at(own.count()));
    file.read(dataset, own.first(), own.count(), part.data());
    const auto odd = std::ranges::find_if_not(part, [](double v) { return std::isfinite(v); });
    if (odd == part.end()) return part;
    throw bad_input(fmt::format("{}: element {} is {}: weights must be finite", dataset.name,
                                own.first() + (odd - part.begin()), *odd));
  });
  return Directory(comm, own, rows).fetch(values);
}

/// Collective. Weight times number of synapses of the edges of a group.
void add_group_weights(const Comm& comm, const Hdf5Input& file, const EdgePopulation& population, std::size_t g,
                       const EdgeTypes& types, const EdgeShare& share, std::vector<double>& weights) {
  const auto& group = population.groups[g];
  const auto edges = edges_of_group(share, g);
  const auto stored = group.weight ? fetched(comm, file, *group.weight, edges.row) : std::vector<double>{};
  const auto synapses = group.synapses ? fetched(comm, file, *group.synapses, edges.row) : std::vector<double>{};
  agreed(comm, [&] {
    for (std::size_t k = 0; k < edges.edge.size(); ++k) {
      const auto type = share.type[edges.edge[k]];
      const double one = group.weight ? stored[k] : type_weight(types, type, population);
      weights[edges.edge[k]] = one * (group.synapses ? synapses[k] : type_synapses(types, type));
    }
  });
}

/// Collective. The synapses of this rank's share of a population's edges.
Triplets entries_of(const Comm& comm, const Hdf5Input& file, EdgePopulation& population, const EdgeTypes& types) {
  auto share = read_edges(comm, file, population);
  Triplets entries;
  entries.weight.resize(share.source.size());
  for (std::size_t g = 0; g < population.groups.size(); ++g) {
    add_group_weights(comm, file, population, g, types, share, entries.weight);
  }
  entries.row = std::move(share.target), entries.column = std::move(share.source);
  return entries;
}

void append(Triplets& all, Triplets&& more) {
  all.row.insert(all.row.end(), more.row.begin(), more.row.end());
  all.column.insert(all.column.end(), more.column.begin(), more.column.end());
  all.weight.insert(all.weight.end(), more.weight.begin(), more.weight.end());
}

/// Collective. Neurons of a population, from the indices of the edges that touch it and from its largest id.
GlobalIndex count_neurons(const Comm& comm, const Hdf5Input& file, const std::vector<EdgePopulation>& all,
                          const std::string& population) {
  GlobalIndex n = 0;
  for (const auto& edges : all) {
    for (const auto& [name, ids, indexed] : {std::tuple{&edges.source, &edges.source_id, edges.sources},
                                             std::tuple{&edges.target, &edges.target_id, edges.targets}}) {
      if (*name != population) continue;
      const auto own = Ownership::even(comm, ids->length);
      const auto most = agreed(comm, [&, ids = ids] {
        std::vector<std::int64_t> part(at(own.count()));
        file.read(*ids, own.first(), own.count(), part.data());
        return part.empty() ? -1 : std::ranges::max(part);
      });
      n = std::max({n, comm.max(most) + 1, indexed});
    }
  }
  return n;
}

void refuse_orientation(const Hdf5Input& file, const ReadOptions& options) {
  if (options.orientation == Orientation::post_pre) return;
  throw usage_error(
      fmt::format("{}: SONATA says itself which end of an edge is which: leave out the orientation", file.path()));
}
}  // namespace

NetworkSizes sonata_sizes(const InputFile& bytes, const Source& source, const ReadOptions& options) {
  const auto file = Hdf5Input::open_serial(bytes);
  const auto all = open_populations(file);
  const auto population = choose_population(file, all, source.inside, options);
  NetworkSizes sizes;
  for (const auto& edges : all) {
    if (!is_recurrent(edges, population, source.inside)) continue;
    sizes.entries += edges.edges();
    const auto known = std::max(edges.sources, edges.targets);
    if (known > 0) sizes.neurons = std::max(sizes.neurons.value_or(0), known);
  }
  return sizes;
}

Network read_sonata(const Comm& comm, const InputFile& bytes, const Source& source, const ReadOptions& options) {
  const auto file = Hdf5Input::open(comm, bytes);
  auto [all, population] = agreed(comm, [&] {
    refuse_orientation(file, options);
    auto found = open_populations(file);
    auto chosen = choose_population(file, found, source.inside, options);
    return std::pair(std::move(found), std::move(chosen));
  });
  const auto types =
      agreed(comm, [&] { return options.edge_types ? read_edge_types(*options.edge_types) : EdgeTypes{}; });
  InputFacts facts;
  facts.path = bytes.path();
  facts.taken_as = fmt::format("target = postsynaptic, source = presynaptic, both of population {}", population);
  Triplets entries;
  for (auto& edges : all) {
    if (is_recurrent(edges, population, source.inside)) append(entries, entries_of(comm, file, edges, types));
  }
  const auto n = count_neurons(comm, file, all, population);
  agreed(comm, [&] { check_plausible_size(file.path(), n, bytes.size()); });
  return network_of(comm, n, std::move(entries), options, std::move(facts));
}

}  // namespace synbal::io
