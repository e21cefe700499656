// The populations of edges in a SONATA file: between which neurons they run, and where their weights are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/format.hpp"
#include "io/hdf5/hdf5_file.hpp"
#include "io/sonata/edge_types.hpp"

namespace synbal::io {

/// One group of properties of a population's edges.
struct EdgeGroup {
  std::int64_t number = 0;
  std::string path;
  std::optional<Dataset> weight, synapses;  ///< syn_weight, nsyns
  std::int64_t rows = 0;                    ///< of its properties; what the edges say where it has none
};

struct EdgePopulation {
  std::string path;            ///< /edges/NAME
  std::string where;           ///< FILE: /edges/NAME, for messages
  std::string source, target;  ///< populations of neurons
  Dataset source_id, target_id;
  std::optional<Dataset> group_id, group_index, type_id;
  std::int64_t sources = 0, targets = 0;  ///< neurons that the file's own indices know of; 0 without indices
  std::vector<EdgeGroup> groups;

  [[nodiscard]] std::int64_t edges() const { return source_id.length; }
};

/// All populations of edges. Not collective. @throws Error bad_input.
std::vector<EdgePopulation> open_populations(const Hdf5Input& file);

/// The population of neurons that is meant: as the options say, that of the edges which `inside` names, or the only one
/// with edges among its own neurons. Not collective. @throws Error bad_input.
std::string choose_population(const Hdf5Input& file, const std::vector<EdgePopulation>& all, const std::string& inside,
                              const ReadOptions& options);

/// Whether edges run among the neurons of `population`, and `inside` names no others.
[[nodiscard]] bool is_recurrent(const EdgePopulation& edges, const std::string& population, const std::string& inside);

/// What a rank knows of its even share of a population's edges.
struct EdgeShare {
  std::int64_t first = 0;
  std::vector<GlobalIndex> source, target;
  std::vector<std::int64_t> group, row, type;  ///< group: place among the groups; row: of the group
};

/// Collective. Ids, groups and rows checked. `rows` of groups without properties become known.
EdgeShare read_edges(const Comm& comm, const Hdf5Input& file, EdgePopulation& population);

/// Places of a rank's edges that belong to a group, and the rows they have there.
struct GroupEdges {
  std::vector<std::size_t> edge;
  std::vector<GlobalIndex> row;
};
GroupEdges edges_of_group(const EdgeShare& share, std::size_t group);

/// Not collective. Weights of the given types times their numbers of synapses. @throws Error bad_input when the table
/// does not tell.
double type_weight(const EdgeTypes& types, std::int64_t type, const EdgePopulation& population);
/// Number of synapses of an edge of a type: 1 unless the table says otherwise.
double type_synapses(const EdgeTypes& types, std::int64_t type);

}  // namespace synbal::io
