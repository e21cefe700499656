// From parameters to a network: rows of the family, weights, assembly.
#include "synbal/network/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "network/generator.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/memory_room.hpp"

namespace synbal {

namespace {

using generators::Family;

const std::map<std::string, Family (*)(const GeneratorParams&)>& families() {
  static const std::map<std::string, Family (*)(const GeneratorParams&)> known{
      {"random", generators::random_family},
      {"modular", generators::modular_family},
      {"smallworld", generators::smallworld_family},
      {"lattice", generators::lattice_family},
      {"ring", generators::ring_family},
      {"dense", generators::dense_family},
      {"layered", generators::layered_family},
      {"lowrank", generators::lowrank_family},
      {"local", generators::local_family}};
  return known;
}

/// Makes the rows of [first, first + count) one after the other, in memory reserved once.
GlobalRows columns_of(const Family& family, GlobalIndex first, GlobalIndex count) {
  GlobalRows rows;
  rows.row_ptr.reserve(at(count) + 1);
  rows.column.reserve(at(family.synapses(first, count)));
  std::vector<GlobalIndex> partners;
  for (GlobalIndex i = first; i < first + count; ++i) {
    partners.clear();
    family.partners(i, partners);
    rows.column.insert(rows.column.end(), partners.begin(), partners.end());
    rows.row_ptr.push_back(std::ssize(rows.column));
  }
  return rows;
}

/// The synapses between modules are weaker by `coupling`; only rows longer than the in-degree have any.
void couple_modules(const GeneratorParams& params, GlobalIndex first, GlobalRows& rows) {
  const auto size = *params.nodes / *params.modules;
  for (std::size_t r = 0; r + 1 < rows.row_ptr.size(); ++r) {
    if (rows.row_ptr[r + 1] - rows.row_ptr[r] == *params.degree) continue;
    const auto module = (first + static_cast<GlobalIndex>(r)) / size;
    for (auto e = at(rows.row_ptr[r]); e < at(rows.row_ptr[r + 1]); ++e) {
      if (rows.column[e] / size == module) continue;
      rows.weight[e] *= params.coupling;
    }
  }
}

void weigh(const GeneratorParams& params, GlobalIndex first, GlobalRows& rows) {
  generators::make_weights(params, first, rows);
  if (params.kind == "modular" && *params.nodes > 0) couple_modules(params, first, rows);
}

GlobalRows rows_of(const Comm& comm, const Ownership& owners, const GeneratorParams& params) {
  const bool kronecker = params.kind == "kronecker";
  auto rows = kronecker ? generators::kronecker_columns(comm, owners, params) : GlobalRows{};
  agreed(comm, [&] {
    if (!kronecker) rows = columns_of(families().at(params.kind)(params), owners.first(), owners.count());
    weigh(params, owners.first(), rows);
  });
  return rows;
}

std::string description(const GeneratorParams& p) {
  auto text = fmt::format("generate {} --nodes {} --seed {} --sigma {} --inhibitory {}", p.kind, *p.nodes, p.seed,
                          *p.sigma, p.inhibitory);
  if (p.degree) text += fmt::format(" --degree {}", *p.degree);
  if (p.kind == "modular") text += fmt::format(" --modules {} --coupling {}", *p.modules, p.coupling);
  if (p.kind == "smallworld") text += fmt::format(" --rewiring {}", p.rewiring);
  if (p.kind == "layered" || p.kind == "local") text += fmt::format(" --layers {}", p.layers);
  if (p.kind == "local") text += fmt::format(" --kernel {} --stride {}", *p.kernel, *p.stride);
  if (p.kind == "lowrank") text += fmt::format(" --rank {}", *p.rank);
  if (*p.normal != (p.kind == "layered" || p.kind == "local")) {
    text += fmt::format(" --weights {}", *p.normal ? "normal" : "lognormal");
  }
  if (p.scramble > 0) text += fmt::format(" --scramble {}", p.scramble);
  return text;
}

/// @throws Error usage.
GeneratorParams completed_for(const Comm& comm, const GeneratorParams& params) {
  auto complete = completed(params);
  if (*complete.nodes / comm.size() < std::numeric_limits<LocalIndex>::max()) return complete;
  throw usage_error(
      fmt::format("`nodes` {} on {} ranks is more than 2^31 neurons a rank (local indices are 32-bit): "
                  "use more ranks",
                  *complete.nodes, comm.size()));
}

/// What the maker knows of the neurons.
NodeData nodes_of(const GeneratorParams& params, const Ownership& owners) {
  NodeData nodes;
  const auto pinned = generators::pinned_by(params);
  const generators::KnownH known_h(params);
  for (GlobalIndex i = owners.first(); owners.owns(i); ++i) {
    if (pinned) nodes.pinned.push_back(pinned(i) ? 1 : 0);
    if (params.scramble > 0) nodes.known_h.push_back(known_h(i));
  }
  return nodes;
}

}  // namespace

std::int64_t expected_synapses(const GeneratorParams& params) {
  const auto n = *params.nodes;
  const auto made = params.kind == "kronecker" ? n * *params.degree : families().at(params.kind)(params).synapses(0, n);
  return params.scramble > 0 ? 2 * made : made;  // every synapse gets its opposite
}

Network generate(const Comm& comm, const GeneratorParams& params) {
  const auto p = agreed(comm, [&] { return completed_for(comm, params); });
  auto ownership = Ownership::even(comm, *p.nodes);
  if (p.kind != "kronecker") {
    const auto synapses =
        agreed(comm, [&] { return families().at(p.kind)(p).synapses(ownership.first(), ownership.count()); });
    expect_room(comm, kBytesPerSynapse * static_cast<double>(synapses),
                fmt::format("the synapses of {}", description(p)));
  }
  auto rows = rows_of(comm, ownership, p);
  InputFacts facts;
  facts.path = description(p);
  facts.format = "generated";
  if (p.scramble > 0) rows = generators::scrambled(comm, ownership, std::move(rows), p);
  auto nodes = nodes_of(p, ownership);
  auto network = assemble(comm, std::move(ownership), std::move(rows), Duplicates::error, std::move(facts));
  network.nodes = std::move(nodes);
  return network;
}

GeneratedRows::GeneratedRows(const Comm& comm, const GeneratorParams& params)
    : params_(agreed(comm, [&] { return completed_for(comm, params); })) {
  agreed(comm, [&] {
    if (params_.kind != "kronecker" && params_.scramble == 0) return;
    throw usage_error(fmt::format("a {} cannot be made row by row: make it in memory",
                                  params_.scramble > 0 ? "network that is scrambled" : params_.kind + " network"));
  });
  outline_.rows = Ownership::even(comm, *params_.nodes);
  outline_.nodes = nodes_of(params_, outline_.rows);
  outline_.facts.path = description(params_), outline_.facts.format = "generated";
  agreed(comm, [&] {
    const auto family = families().at(params_.kind)(params_);
    std::vector<GlobalIndex> partners;
    outline_.row_ptr.reserve(at(outline_.local_size()) + 1);
    for (auto i = outline_.rows.first(); outline_.rows.owns(i); ++i) {
      partners.clear();
      family.partners(i, partners);
      outline_.row_ptr.push_back(outline_.row_ptr.back() + std::ssize(partners));
    }
  });
  outline_.nnz = comm.sum(outline_.row_ptr.back());
}

GlobalRows GeneratedRows::rows(LocalIndex begin, LocalIndex end) const {
  const auto first = outline_.rows.first() + begin;
  auto rows = columns_of(families().at(params_.kind)(params_), first, end - begin);
  weigh(params_, first, rows);
  if (std::ranges::find(rows.weight, 0.0) == rows.weight.end()) return rows;
  throw bad_input(fmt::format("{} has weights of 0, which are no synapses: make it in memory, where they are left out",
                              outline_.facts.path));
}

}  // namespace synbal
