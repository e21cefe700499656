// Descriptions first, then every rank's share of the edges.
#include "io/sonata/edges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
constexpr std::int64_t kSonataMagic = 0x0A7A;

std::string population_of(const Hdf5Input& file, const std::string& ids) {
  return file.text_attribute(ids, "node_population");
}

Dataset column(const Hdf5Input& file, const std::string& name, std::int64_t edges) {
  auto found = file.dataset(name, ElementKind::integer);
  if (found.length == edges) return found;
  throw bad_input(
      fmt::format("{} has {} elements for {} edges: it must have one for each", found.name, found.length, edges));
}

std::optional<Dataset> column_if_any(const Hdf5Input& file, const std::string& name, std::int64_t edges) {
  return file.exists(name) ? std::optional(column(file, name, edges)) : std::nullopt;
}

/// Rows of an index, which are neurons; 0 where there is none.
std::int64_t indexed_neurons(const Hdf5Input& file, const std::string& population, const char* direction) {
  const auto name = fmt::format("{}/indices/{}/node_id_to_range", population, direction);
  return file.exists(name) && file.is_plain(name) && file.dimensions(name) == 2 ? file.table(name).rows : 0;
}

std::optional<std::int64_t> number_of(const std::string& name) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && rest == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

std::optional<Dataset> property(const Hdf5Input& file, EdgeGroup& group, const char* name) {
  const auto path = in_group(group.path, name);
  if (!file.exists(path)) return std::nullopt;
  auto found = file.dataset(path, ElementKind::real);
  if (group.rows != 0 && found.length != group.rows) {
    throw bad_input(fmt::format("{} has {} elements but syn_weight has {}: they must be equally long", found.name,
                                found.length, group.rows));
  }
  group.rows = found.length;
  return found;
}

std::vector<EdgeGroup> open_groups(const Hdf5Input& file, const std::string& population) {
  std::vector<EdgeGroup> groups;
  for (const auto& name : file.names_in(population)) {
    const auto number = number_of(name);
    const auto path = in_group(population, name);
    if (!number || !file.is_plain(path) || !file.is_group(path)) continue;
    EdgeGroup group;
    group.number = *number, group.path = path;
    group.weight = property(file, group, "syn_weight");
    group.synapses = property(file, group, "nsyns");
    groups.push_back(std::move(group));
  }
  if (groups.empty()) throw file.error(population + " has no group of edges such as 0: get the file again");
  return groups;
}

EdgePopulation open_population(const Hdf5Input& file, const std::string& path) {
  const auto name = [&](const char* what) { return in_group(path, what); };
  EdgePopulation found;
  found.path = path, found.where = file.path() + ": " + path;
  found.source_id = file.dataset(name("source_node_id"), ElementKind::integer);
  found.target_id = column(file, name("target_node_id"), found.edges());
  found.source = population_of(file, name("source_node_id"));
  found.target = population_of(file, name("target_node_id"));
  found.group_id = column_if_any(file, name("edge_group_id"), found.edges());
  found.group_index = column_if_any(file, name("edge_group_index"), found.edges());
  found.type_id = column_if_any(file, name("edge_type_id"), found.edges());
  found.sources = indexed_neurons(file, path, "source_to_target");
  found.targets = indexed_neurons(file, path, "target_to_source");
  found.groups = open_groups(file, path);
  return found;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list.substr(0, 200);
}

/// As the user may write it: NAME or /edges/NAME.
bool names_edges(const std::string& inside, const EdgePopulation& edges) {
  return inside == edges.path || "/" + inside == edges.path || "/edges/" + inside == edges.path ||
         inside == edges.path + "/";
}
}  // namespace

bool is_sonata(const InputFile& bytes, const Source&) {
  try {
    const auto file = Hdf5Input::open_serial(bytes);
    return file.has_attribute("/", "magic") && file.integer_attribute("/", "magic").front() == kSonataMagic;
  } catch (const Error&) {
    return false;  // whatever it is, the reader of other HDF5 files says what is wrong with it
  }
}

std::vector<EdgePopulation> open_populations(const Hdf5Input& file) {
  if (!file.exists("/edges")) {
    throw file.error("is a SONATA file without /edges (of nodes, perhaps): give the file of edges");
  }
  std::vector<EdgePopulation> all;
  for (const auto& name : file.names_in("/edges")) all.push_back(open_population(file, "/edges/" + name));
  if (all.empty()) throw file.error("/edges holds no population: give the file of edges");
  return all;
}

bool is_recurrent(const EdgePopulation& edges, const std::string& population, const std::string& inside) {
  return edges.source == population && edges.target == population && (inside.empty() || names_edges(inside, edges));
}

std::string choose_population(const Hdf5Input& file, const std::vector<EdgePopulation>& all, const std::string& inside,
                              const ReadOptions& options) {
  std::vector<std::string> recurrent, known;
  bool is_there = inside.empty();
  for (const auto& edges : all) {
    is_there = is_there || names_edges(inside, edges);
    if (is_recurrent(edges, edges.source, inside)) recurrent.push_back(edges.source);
    for (const auto& name : {edges.source, edges.target}) known.push_back(name);
  }
  for (auto* names : {&recurrent, &known}) {
    std::ranges::sort(*names);
    names->erase(std::unique(names->begin(), names->end()), names->end());
  }
  if (!is_there) throw file.error(fmt::format("has no population of edges {}: name one of /edges", inside));
  if (options.population) {
    if (std::ranges::find(known, *options.population) != known.end()) return *options.population;
    throw file.error(fmt::format("no edges join neurons of a population '{}' (there are {}): name one of them",
                                 options.population->substr(0, 60), listed(known)));
  }
  if (recurrent.size() == 1) return recurrent.front();
  if (recurrent.empty()) {
    throw file.error(
        fmt::format("no edges run within one population (there are {}): give the file of recurrent edges, or "
                    "name the `population` whose neurons are meant",
                    listed(known)));
  }
  throw file.error(
      fmt::format("edges run within several populations ({}): name the `population` that is meant, or "
                  "FILE:/edges/NAME",
                  listed(recurrent)));
}

// ---- edges

namespace {
std::vector<std::int64_t> integers(const Hdf5Input& file, const Dataset& dataset, const Ownership& own) {
  std::vector<std::int64_t> values(at(own.count()));
  file.read(dataset, own.first(), own.count(), values.data());
  return values;
}

std::vector<std::int64_t> numbers_of(const Ownership& own) {
  std::vector<std::int64_t> numbers(at(own.count()));
  std::iota(numbers.begin(), numbers.end(), own.first());
  return numbers;
}

void check_ids(const Dataset& dataset, std::int64_t first, const std::vector<std::int64_t>& ids) {
  constexpr auto kMost = std::int64_t{1} << 48;
  const auto wrong = std::ranges::find_if(ids, [](std::int64_t id) { return id < 0 || id > kMost; });
  if (wrong == ids.end()) return;
  throw bad_input(
      fmt::format("{}: element {} is {}: neurons count from 0", dataset.name, first + (wrong - ids.begin()), *wrong));
}

/// Numbers of groups become places among the groups.
void place_groups(const EdgePopulation& population, EdgeShare& share) {
  const auto& groups = population.groups;
  for (std::size_t k = 0; k < share.group.size(); ++k) {
    const auto found =
        population.group_id ? std::ranges::find(groups, share.group[k], &EdgeGroup::number) : groups.begin();
    if (found == groups.end()) {
      throw bad_input(fmt::format("{}: element {} is {}, but {} has no such group", population.group_id->name,
                                  share.first + static_cast<std::int64_t>(k), share.group[k], population.path));
    }
    share.group[k] = found - groups.begin();
  }
}

void check_rows(const EdgePopulation& population, const EdgeShare& share) {
  for (std::size_t k = 0; k < share.row.size(); ++k) {
    const auto& group = population.groups[at(share.group[k])];
    if (share.row[k] >= 0 && share.row[k] < group.rows) continue;
    throw bad_input(fmt::format("{}/edge_group_index: element {} is {}, but {} has {} rows: get the file again",
                                population.where, share.first + static_cast<std::int64_t>(k), share.row[k], group.path,
                                group.rows));
  }
}

/// Collective. Groups without properties have as many rows as edges speak of; no more than there are edges.
void find_lengths(const Comm& comm, const EdgeShare& share, EdgePopulation& population) {
  std::vector<std::int64_t> rows(population.groups.size(), 0);
  for (std::size_t k = 0; k < share.row.size(); ++k) {
    auto& most = rows[at(share.group[k])];
    most = std::max(most, share.row[k] + 1);
  }
  comm.max(std::span(rows));
  for (std::size_t g = 0; g < rows.size(); ++g) {
    auto& group = population.groups[g];
    if (!group.weight && !group.synapses) group.rows = std::min(rows[g], population.edges());
  }
}
}  // namespace

EdgeShare read_edges(const Comm& comm, const Hdf5Input& file, EdgePopulation& population) {
  const auto own = Ownership::even(comm, population.edges());
  auto share = agreed(comm, [&] {
    EdgeShare read;
    read.first = own.first();
    const auto column = [&](const Dataset& dataset) { return integers(file, dataset, own); };
    read.source = column(population.source_id), read.target = column(population.target_id);
    check_ids(population.source_id, own.first(), read.source);
    check_ids(population.target_id, own.first(), read.target);
    read.type = population.type_id ? column(*population.type_id) : std::vector<std::int64_t>(read.source.size(), 0);
    read.group = population.group_id ? column(*population.group_id) : std::vector<std::int64_t>(read.source.size(), 0);
    read.row = population.group_index ? column(*population.group_index) : numbers_of(own);
    place_groups(population, read);
    return read;
  });
  find_lengths(comm, share, population);
  agreed(comm, [&] { check_rows(population, share); });
  return share;
}

GroupEdges edges_of_group(const EdgeShare& share, std::size_t group) {
  GroupEdges found;
  for (std::size_t k = 0; k < share.group.size(); ++k) {
    if (at(share.group[k]) != group) continue;
    found.edge.push_back(k);
    found.row.push_back(share.row[k]);
  }
  return found;
}

double type_weight(const EdgeTypes& types, std::int64_t type, const EdgePopulation& population) {
  const auto found = types.find(type);
  if (found != types.end() && found->second.weight) return *found->second.weight;
  throw bad_input(
      fmt::format("{}: edges of type {} have no syn_weight, neither in the file nor in a table: give the `edge-types` "
                  "table that has a column syn_weight for them",
                  population.where, type));
}

double type_synapses(const EdgeTypes& types, std::int64_t type) {
  const auto found = types.find(type);
  return found == types.end() ? 1.0 : found->second.synapses;
}

}  // namespace synbal::io
