// From a dataset or lines of text to this rank's entries.
#include "io/alphas.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/hdf5/hdf5_file.hpp"
#include "io/text/number_lines.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/network/transport.hpp"

namespace synbal::io {

namespace {
bool is_alpha(double alpha) { return std::isfinite(alpha) && alpha >= 0; }

bool wanted(const ReadOptions& options) { return options.alpha && options.alpha != "none"; }

constexpr const char* kRule = "alphas are finite and not negative (0: the synapse costs nothing)";

void check_number(const std::string& from, std::int64_t have, std::int64_t wanted) {
  if (have == wanted) return;
  throw bad_input(
      fmt::format("{}: holds {} alphas for {} entries: give one for each entry, in the order of the "
                  "network's file (an entry of a symmetric matrix off the diagonal counts twice)",
                  from, have, wanted));
}

/// Not collective. Elements [first, first + count) of a dataset of `total`.
std::vector<double> elements(const Hdf5Input& file, const std::string& name, std::int64_t first, std::int64_t count,
                             std::int64_t total) {
  const auto found = file.dataset(name, ElementKind::real);
  check_number(found.name, found.length, total);
  std::vector<double> values(at(count));
  file.read(found, first, count, values.data());
  const auto wrong = std::ranges::find_if_not(values, is_alpha);
  if (wrong == values.end()) return values;
  throw bad_input(fmt::format("{}: element {} is {}: {}", found.name, first + (wrong - values.begin()), *wrong, kRule));
}

/// Collective. As many lines of a text file as this rank has entries.
std::vector<double> from_lines(const Comm& comm, const std::string& from, std::int64_t count, std::int64_t total) {
  const auto lines = read_number_lines<double>(comm, from, {1, false, ": give a number a line, one for every synapse"});
  check_number(from, comm.sum(std::ssize(lines.values)), total);
  agreed(comm, [&] {
    const auto wrong = std::ranges::find_if_not(lines.values, is_alpha);
    if (wrong == lines.values.end()) return;
    throw bad_input(
        fmt::format("{}: line {}: {}: {}", from, lines.line[at(wrong - lines.values.begin())], *wrong, kRule));
  });
  const auto as_read = Ownership::of_counts(comm, std::ssize(lines.values));
  return redistribute<double>(comm, as_read, Ownership::of_counts(comm, count), lines.values);
}

/// Collective. Those of this rank's `count` entries.
std::vector<double> alphas(const Comm& comm, const std::string& from, std::int64_t count) {
  const auto first = comm.sum_below(count), total = comm.sum(count);
  const Hdf5Path path(from);
  if (!path.is_hdf5()) return from_lines(comm, from, count, total);
  const auto file = Hdf5Input::open(comm, path.file);
  const auto name = path.inside.empty() ? std::string("/alpha") : path.inside;
  return agreed(comm, [&] { return elements(file, name, first, count, total); });
}
}  // namespace

void add_alphas(const Comm& comm, const ReadOptions& options, Triplets& entries) {
  if (wanted(options)) entries.alpha = alphas(comm, *options.alpha, std::ssize(entries.weight));
}

void add_alphas(const Comm& comm, const ReadOptions& options, GlobalRows& rows) {
  if (wanted(options)) rows.alpha = alphas(comm, *options.alpha, std::ssize(rows.weight));
}

}  // namespace synbal::io
