// Result files: values per neuron in the order of the input, history, provenance, and the balanced weights.
#include "synbal/io/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "io/assembly.hpp"
#include "io/hdf5/matrix_object.hpp"
#include "io/hdf5/native_arrays.hpp"
#include "io/hdf5/native_output.hpp"
#include "io/hdf5/node_names.hpp"
#include "io/hdf5/provenance.hpp"
#include "io/nodes/node_values.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/core/route.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/network/partition.hpp"
#include "synbal/network/transport.hpp"

namespace synbal {

namespace {
using io::Hdf5Input;
using io::Hdf5Output;

// ---- values per neuron

/// One value per neuron, brought to the order of the file when the network has another.
template <class T>
class FileValues {
 public:
  /// Collective.
  FileValues(const Comm& comm, const Network& network, std::span<const T> values)
      : values_(values), first_(network.rows.first()) {
    if (!io::out_of_file_order(comm, network)) return;
    const auto rows = Ownership::even(comm, network.size());
    moved_ = to_file_order<T>(comm, network, rows, values);
    values_ = moved_;
    first_ = rows.first();
  }
  FileValues(const FileValues&) = delete;
  FileValues& operator=(const FileValues&) = delete;
  void write(Hdf5Output& output, Hdf5Output::DatasetId id) const { output.write(id, first_, values_); }

 private:
  std::span<const T> values_;
  std::vector<T> moved_;
  GlobalIndex first_;
};

/// Collective. Names of consecutive neurons in the order of the file, those of higher ranks behind.
Texts names_in_file_order(const Comm& comm, const Network& network) {
  if (!io::out_of_file_order(comm, network) || !comm.any(!network.nodes.name.empty())) return network.nodes.name;
  std::vector<GlobalIndex> place;
  for (LocalIndex i = 0; i < network.local_size(); ++i) place.push_back(network.file_index(i));
  return send(Placement(comm, Ownership::even(comm, network.size()), place), network.nodes.name);
}

/// /history: four equally long datasets, written by rank 0.
class HistoryOutput {
 public:
  HistoryOutput(std::span<const SolverProgress> entries, Hdf5Output& output) : entries_(entries), output_(&output) {
    const auto length = std::ssize(entries);
    output.group("/history");
    iteration_ = output.dataset<std::int64_t>("/history/iteration", length);
    cost_ = output.dataset<double>("/history/cost", length);
    imbalance_ = output.dataset<double>("/history/imbalance", length);
    seconds_ = output.dataset<double>("/history/seconds", length);
  }
  void write() {
    write(iteration_, &SolverProgress::iteration);
    write(cost_, &SolverProgress::cost);
    write(imbalance_, &SolverProgress::imbalance);
    write(seconds_, &SolverProgress::seconds);
  }

 private:
  template <class T>
  void write(Hdf5Output::DatasetId id, T SolverProgress::*member) {
    std::vector<T> values(entries_.size());
    std::transform(entries_.begin(), entries_.end(), values.begin(), [&](const auto& e) { return e.*member; });
    output_->write(id, 0, std::span<const T>(values));
  }

  std::span<const SolverProgress> entries_;
  Hdf5Output* output_;
  Hdf5Output::DatasetId iteration_, cost_, imbalance_, seconds_;
};

/// The length of the history is rank 0's: the file has the same structure on all ranks.
std::vector<SolverProgress> common_history(const Comm& comm, std::span<const SolverProgress> own) {
  const auto length = comm.broadcast(std::ssize(own), 0);
  std::vector<SolverProgress> history(own.begin(), own.end());
  history.resize(at(length));
  return history;
}

/// The costs as they were before, where they are given.
class CostsBefore {
 public:
  /// Collective.
  CostsBefore(const Comm& comm, const Network& network, const ResultData& result, Hdf5Output& output)
      : given_(comm.any(!result.in_cost_before.empty())), comm_(&comm), network_(&network), output_(&output) {
    if (!given_) return;
    in_ = output.dataset<double>("/in_cost_before", network.size());
    out_ = output.dataset<double>("/out_cost_before", network.size());
  }
  /// Collective.
  void write(const ResultData& result) const {
    if (!given_) return;
    FileValues<double>(*comm_, *network_, result.in_cost_before).write(*output_, in_);
    FileValues<double>(*comm_, *network_, result.out_cost_before).write(*output_, out_);
  }

 private:
  bool given_;
  const Comm* comm_;
  const Network* network_;
  Hdf5Output* output_;
  Hdf5Output::DatasetId in_{}, out_{};
};

/// Things to write once the file is there.
using Pending = std::vector<std::function<void(Hdf5Output&)>>;

/// Collective. Declares what the run knew of the neurons besides their weights: a result without weights says so as
/// well as one with them.
Pending declare_nodes(const Comm& comm, const Network& network, Hdf5Output& output) {
  Pending pending;
  const auto declare = [&](const char* name, const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    if (!comm.any(!values.empty())) return;
    const auto id = output.dataset<T>(name, network.size());
    pending.push_back([&, id](Hdf5Output& file) { FileValues<T>(comm, network, values).write(file, id); });
  };
  const auto& nodes = network.nodes;
  declare("/pinned", nodes.pinned);
  declare("/gain", nodes.gain);
  declare("/exponent", nodes.exponent);
  declare("/group", nodes.group);
  return pending;
}

void write_all(const Comm& comm, const Network& network, const ResultData& result, const Network* balanced,
               const std::string& path) {
  Hdf5Output output;
  output.seal();
  const auto n = network.size();
  const auto h = output.dataset<double>("/h", n);
  const auto component = output.dataset<std::int64_t>("/component", n);
  const auto in_cost = output.dataset<double>("/in_cost", n), out_cost = output.dataset<double>("/out_cost", n);
  const CostsBefore before(comm, network, result, output);
  io::declare_provenance(result.provenance, output);
  const auto entries = common_history(comm, result.history);
  HistoryOutput history(entries, output);
  std::optional<io::NativeOutput> weights;
  if (balanced != nullptr) weights.emplace(comm, *balanced, output);
  const auto moved_names = balanced == nullptr ? names_in_file_order(comm, network) : Texts{};
  std::optional<io::NameOutput> names;
  Pending nodes;
  if (balanced == nullptr) {
    nodes = declare_nodes(comm, network, output);
    const auto first = comm.sum_below(static_cast<std::int64_t>(moved_names.size()));
    names.emplace(comm, "/node_name", moved_names, first, n, output);
  }
  output.create(comm, path);
  FileValues<double>(comm, network, result.h).write(output, h);
  FileValues<std::int64_t>(comm, network, result.component).write(output, component);
  FileValues<double>(comm, network, result.in_cost).write(output, in_cost);
  FileValues<double>(comm, network, result.out_cost).write(output, out_cost);
  before.write(result);
  if (comm.is_root()) history.write();
  if (weights) weights->write();
  if (names) names->write(output);
  for (const auto& write : nodes) write(output);
  output.finish();
}

// ---- reading back

/// Collective. Values of a dataset for the owned neurons of `network`.
template <class T>
std::vector<T> read_values(const Comm& comm, const Hdf5Input& file, const Network& network, const char* name) {
  return io::read_for_neurons(comm, network, [&](const Ownership& rows) {
    const auto kind = std::is_same_v<T, double> ? io::ElementKind::real : io::ElementKind::integer;
    const auto found = file.dataset(name, kind);
    if (found.length != network.size()) {
      throw bad_input(fmt::format("{} has {} elements, the network {} neurons: give the result of this very network",
                                  found.name, found.length, network.size()));
    }
    std::vector<T> own(at(rows.count()));
    file.read(found, rows.first(), rows.count(), own.data());
    return own;
  });
}

/// Collective. Pinned neurons, gains, exponents and groups, as far as the file has such.
NodeData read_nodes(const Comm& comm, const Hdf5Input& file, const Network& network) {
  const auto field = [&](const char* name, auto read) {
    using Values = std::invoke_result_t<decltype(read), const Hdf5Input&, const std::string&, const Ownership&>;
    if (!agreed(comm, [&] { return file.exists(name); })) return Values{};
    return io::read_for_neurons(comm, network, [&](const Ownership& rows) { return read(file, name, rows); });
  };
  NodeData nodes;
  nodes.pinned = field("/pinned", io::read_pinned);
  nodes.gain = field("/gain", io::read_gain);
  nodes.exponent = field("/exponent", io::read_exponent);
  nodes.group = field("/group", io::read_group);
  return nodes;
}

void check_finite(const Comm& comm, const Hdf5Input& file, const Network& network, const std::vector<double>& h) {
  agreed(comm, [&] {
    const auto odd = std::find_if(h.begin(), h.end(), [](double v) { return !std::isfinite(v); });
    if (odd == h.end()) return;
    throw file.error(fmt::format("dataset /h: element {} is {}: h must be finite",
                                 network.file_index(static_cast<LocalIndex>(odd - h.begin())), *odd));
  });
}

void check_is_result(const Hdf5Input& file) {
  if (file.exists("/h")) return;
  throw file.error("is no result of `synbal balance` (dataset /h is missing): give the file that balance wrote");
}

/// Collective. Rows in file order brought to the numbering and the owners of `network`.
GlobalRows renumbered(const Comm& comm, const Network& network, const Ownership& file_rows, GlobalRows&& rows) {
  std::vector<GlobalIndex> number(at(network.local_size()));
  std::iota(number.begin(), number.end(), network.rows.first());
  number = to_file_order<GlobalIndex>(comm, network, file_rows, number);
  auto entries = io::entries_of(number, std::move(rows));
  entries.column = Directory(comm, file_rows, entries.column).fetch(number);
  return route(comm, network.rows, std::move(entries));
}

io::CompressedMatrix open_weights(const Hdf5Input& file, const Network& network) {
  check_is_result(file);
  if (!file.exists("/weights")) {
    throw file.error("holds no /weights (it was written with --write h): balance again without that option");
  }
  io::MatrixShape shape;
  auto weights = io::open_compressed(file, "/weights", shape);
  if (shape.rows == network.size() && shape.columns == network.size() && !weights.by_columns) return weights;
  throw file.error(fmt::format("/weights has {} rows, the network {} neurons: give the result of this very network",
                               shape.rows, network.size()));
}
}  // namespace

void write_result(const Comm& comm, const Network& network, const ResultData& result, const std::string& path) {
  const StageScope stage(Stage::writing);
  if (result.balanced == nullptr) {
    write_all(comm, network, result, nullptr, path);
    return;
  }
  io::with_file_order(comm, *result.balanced,
                      [&](const Network& ordered) { write_all(comm, network, result, &ordered, path); });
}

bool is_result(const Comm& comm, const std::string& path) {
  const Hdf5Path named(path);
  if (!named.is_hdf5() || !named.inside.empty()) return false;
  const auto file = Hdf5Input::open(comm, path);
  return agreed(comm, [&] { return file.exists("/h") && file.exists("/in_cost"); });
}

StoredResult read_result(const Comm& comm, const Network& network, const std::string& path, bool changes_allowed) {
  const StageScope stage(Stage::reading);
  const auto opened = Hdf5Input::open_sealed(comm, path);
  const auto& file = opened.first;  // captured below, which bindings cannot be
  const bool unchanged = opened.second;
  if (!unchanged && !changes_allowed) {
    throw bad_input(fmt::format(
        "{}: was changed since it was written (`verify` tells whether it is still a result): balance again", path));
  }
  StoredResult stored;
  stored.unchanged = unchanged;
  stored.provenance = agreed(comm, [&] {
    check_is_result(file);
    return io::read_provenance(file);
  });
  stored.has_weights = agreed(comm, [&] { return file.exists("/weights"); });
  stored.h = read_values<double>(comm, file, network, "/h");
  check_finite(comm, file, network, stored.h);
  stored.component = read_values<std::int64_t>(comm, file, network, "/component");
  stored.in_cost = read_values<double>(comm, file, network, "/in_cost");
  stored.out_cost = read_values<double>(comm, file, network, "/out_cost");
  stored.nodes = read_nodes(comm, file, network);
  return stored;
}

Network read_result_weights(const Comm& comm, const Network& network, const std::string& path) {
  const auto file = Hdf5Input::open(comm, path);
  const auto stored = agreed(comm, [&] { return open_weights(file, network); });
  const bool moved = io::out_of_file_order(comm, network);
  const auto rows = moved ? Ownership::even(comm, network.size()) : network.rows;
  auto own = io::read_compressed(comm, stored, rows);
  if (moved) own = renumbered(comm, network, rows, std::move(own));
  InputFacts facts;
  facts.path = path;
  facts.format = "hdf5";
  facts.entries = stored.nnz();
  auto weights = assemble(comm, network.rows, std::move(own), Duplicates::keep, std::move(facts));
  weights.nodes = network.nodes;
  weights.arrays = io::read_arrays(comm, file, "/", network.size(), {});
  weights.position = network.position;
  return weights;
}

}  // namespace synbal
