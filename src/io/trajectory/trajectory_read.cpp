// Where a trajectory ended.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/assembly.hpp"
#include "io/hdf5/provenance.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/trajectory.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

namespace {
using io::Dataset;
using io::ElementKind;
using io::Hdf5Input;

bool has_rows(const Hdf5Input& file) { return file.exists("/rows") && file.exists("/time"); }

template <class T>
T value_at(const Hdf5Input& file, const Dataset& dataset, std::int64_t place) {
  T value{};
  file.read(dataset, place, 1, &value);
  return value;
}

/// The number of the last whole row.
std::int64_t last_row(const Hdf5Input& file) {
  if (!has_rows(file)) {
    throw file.error("is no trajectory of `synbal flow` (dataset /rows or /time is missing): give one that flow wrote");
  }
  const auto counter = file.dataset("/rows", ElementKind::integer);
  const auto rows = counter.length == 1 ? value_at<std::int64_t>(file, counter, 0) : -1;
  if (rows == 0) throw file.error("is a trajectory without rows (the run ended before its start was recorded)");
  if (rows < 0 || rows > file.dataset("/time", ElementKind::real).length) {
    throw file.error(fmt::format("dataset /rows says {}, which is not possible (damaged file)", rows));
  }
  return rows - 1;
}

/// The table of h, which must have the row and a column for every neuron.
Dataset whole_h(const Hdf5Input& file, const Network& network, std::int64_t row) {
  if (!file.exists("/h"))
    throw file.error("did not record h: record all neurons (`flow --record all`) to go on from it");
  auto h = file.table("/h");
  if (h.width != network.size() || h.rows <= row) {
    throw bad_input(
        fmt::format("{} has {} rows of {} neurons where row {} of {} neurons is needed: give a trajectory of this very "
                    "network that recorded all neurons",
                    h.name, h.rows, h.width, row, network.size()));
  }
  return h;
}

void check_finite(const Hdf5Input& file, std::span<const double> values) {
  if (std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) return;
  throw file.error("its last row has values that are not finite (damaged file): take an earlier trajectory");
}

/// Collective. Row `row` of h for the owned neurons.
std::vector<double> read_h(const Comm& comm, const Hdf5Input& file, const Network& network, std::int64_t row) {
  return io::read_for_neurons(comm, network, [&](const Ownership& rows) {
    const auto table = whole_h(file, network, row);
    std::vector<double> own(at(rows.count()));
    file.read(table, row * table.width + rows.first(), rows.count(), own.data());
    check_finite(file, own);
    return own;
  });
}
}  // namespace

bool is_trajectory(const Comm& comm, const std::string& path) {
  const auto file = Hdf5Input::open(comm, path);
  return agreed(comm, [&] { return has_rows(file); });
}

TrajectoryEnd read_trajectory_end(const Comm& comm, const Network& network, const std::string& path) {
  const auto file = Hdf5Input::open_unchanged(comm, path);
  const auto row = agreed(comm, [&] { return last_row(file); });
  TrajectoryEnd end;
  end.provenance = agreed(comm, [&] { return io::read_provenance(file); });
  end.time = agreed(comm, [&] {
    const auto time = value_at<double>(file, file.dataset("/time", ElementKind::real), row);
    check_finite(file, std::span(&time, 1));
    return time;
  });
  end.h = read_h(comm, file, network, row);
  return end;
}

}  // namespace synbal
