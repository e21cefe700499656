// Reading as the commands do it.
#include "app/loading.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "synbal/balance/verification.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/heap.hpp"
#include "synbal/core/interrupt.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/random.hpp"
#include "synbal/network/groups.hpp"

namespace synbal::app {

double Beginning::left_of(double seconds) const {
  constexpr double shortest = 1e-9;  // s; 0 would mean no limit at all
  return seconds > 0 ? std::max(shortest, seconds - timer.seconds()) : seconds;
}

double memory_of_costs(const Network& network, bool weights_given_up) {
  constexpr double synapse = 16, neuron = 30 * 8, place = 22 * 8;  // the last: of costs alone
  const auto places = static_cast<double>(network.local_size()) + static_cast<double>(network.halo.ghost_count());
  // What is given back makes room for costs, band by band.
  if (weights_given_up) return place * places;
  return synapse * static_cast<double>(network.column.size()) + neuron * places;
}

/// What stands around the recurrent weights, as it was found.
static std::string names_of_arrays(const Network& network) {
  std::string names;
  for (const auto& array : network.arrays) {
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", array.name, to_string(array.role));
  }
  return names;
}

/// Small networks have memory to spare for speed.
static void use_heap_for(const Network& network) {
  constexpr std::size_t small = 2'000'000;  // synapses of a rank, some 100 MB with all that is made of them
  if (network.column.size() < small) use_heap(HeapUse::least_faults);
}

Network load_network(const Comm& comm, const InputOptions& options, PhaseTimes& times) {
  auto read = options.read;
  const bool by_ptscotch = read.partition == PartitionKind::ptscotch;
  if (by_ptscotch) {
    require_ptscotch();
    read.partition = PartitionKind::nnz;  // partitioned below, where its time is taken
  }
  auto network = timed(comm, times.read, [&] { return read_network(comm, options.path, read); });
  agreed(comm, [] { fault_point("read"); });
  for (const auto& notice : network.facts.notices) log_warning("{}", notice);
  agreed(comm, [] { fault_point("partition"); });
  if (by_ptscotch) {
    network = timed(comm, times.partition, [&] { return partition_by_ptscotch(comm, std::move(network)); });
  }
  const auto around = network.arrays.empty() ? std::string() : ", with " + names_of_arrays(network);
  log_info("read {}: {} neurons, {} synapses{} on {} {}", options.path, network.size(), network.nnz, around,
           comm.size(), comm.size() == 1 ? "rank" : "ranks");
  use_heap_for(network);
  return network;
}

void refuse_ties(const Comm& comm, const Network& network) {
  if (!comm.any(has_ties(network))) return;
  throw bad_input(
      fmt::format("{}: neurons are tied (--tie, or /group in the file), and this command moves or compares single "
                  "neurons, which would break the ties: give --tie none to look at neurons one by one (`balance` and "
                  "`verify` take ties)",
                  network.facts.path));
}

LoadedNetwork load(const Comm& comm, const InputOptions& options, PhaseTimes& times) {
  LoadedNetwork loaded;
  loaded.network = load_network(comm, options, times);
  refuse_ties(comm, loaded.network);
  agreed(comm, [] { fault_point("components"); });
  loaded.components =
      timed(comm, times.components, [&] { return strongly_connected_components(comm, loaded.network); });
  return loaded;
}

/// Collective. What is told of single neurons and a file at `path` does not hold, in words.
static std::string lost_of_neurons(const Comm& comm, const Network& network, const std::string& path, bool names_kept) {
  const auto kept = nodes_kept(path);
  const auto& nodes = network.nodes;
  std::string lost;
  const auto look = [&](const char* what, bool there, bool held) {
    if (comm.any(there) && !held) lost += (lost.empty() ? "" : ", ") + std::string(what);
  };
  const bool all = kept == NodesKept::all;
  look("names or ids", nodes.name.size() > 0 || !nodes.id.empty(), names_kept || kept != NodesKept::nothing);
  look("pins", !nodes.pinned.empty(), all), look("gains", !nodes.gain.empty(), all);
  look("exponents", !nodes.exponent.empty(), all), look("ties", !nodes.group.empty(), all);
  look("factors of costs", !network.alpha.empty(), all);
  return lost;
}

void warn_of_lost(const Comm& comm, const Network& network, const std::string& path, bool names_kept) {
  if (const auto lost = lost_of_neurons(comm, network, path, names_kept); !lost.empty()) {
    log_warning("{} has no place for the neurons' {}: they stay behind; write .h5 to keep them", path, lost);
  }
  if (network.arrays.empty() || keeps_arrays(path)) return;
  log_warning("{} holds the recurrent weights alone; {} stay behind: write .h5, .npz or .safetensors to keep them",
              path, names_of_arrays(network));
}

void warn_of_other_input(const std::string& path, const std::string& checksum, const Network& network,
                         const std::string& taken) {
  if (checksum == network.facts.checksum) return;
  log_warning("{} was not made from {} (checksums differ): {} all the same", path, network.facts.path, taken);
}

/// Collective. Whether the costs that a result has of every neuron are those of this network at its h.
static bool has_costs_of(const Comm& comm, const StoredResult& stored, const Network& network) {
  const auto& about = stored.provenance;
  if (!about.cost_terms.empty() || about.cost_scope == "all") return false;  // costs of more than the synapses
  const auto components = strongly_connected_components(comm, network);
  const auto costs = direct_costs(comm, network, components, stored.h, about.power);
  const auto same = [&](const auto& told, const auto& found) {
    return check_stored_costs(comm, network, "", told, found, costs.total).passed();
  };
  return same(stored.in_cost, costs.in) && same(stored.out_cost, costs.out);
}

void refuse_other_input(const Context& context, const std::string& path, const StoredResult& stored,
                        const Network& network) {
  const auto& checksum = stored.provenance.input_checksum;
  if (context.force) return warn_of_other_input(path, checksum, network, "its scaling is applied");
  if (checksum == network.facts.checksum) return;
  if (network.nnz == 0) {  // other populations alone: there is nothing to compare
    return warn_of_other_input(path, checksum, network, "its scaling is applied to what stands around the neurons");
  }
  if (has_costs_of(context.world, stored, network)) return;
  throw bad_input(fmt::format(
      "{} was not made from {} (checksums and costs differ): give the network that it was made from, or --force to "
      "apply its scaling all the same",
      path, network.facts.path));
}

void check_still(const std::string& path, const Network& network, const BalanceProblem& problem,
                 std::span<const double> h, const std::string& options) {
  std::vector<double> still(h.begin(), h.end());
  for (const auto row : problem.network_row()) still[at(row)] = 0;
  agreed(problem.comm(), [&] {
    const auto moved = std::ranges::find_if(still, [](double v) { return v != 0; });
    if (moved == still.end()) return;
    throw bad_input(
        fmt::format("{}: h of the neuron at place {} is {:g}, but here it cannot move (pinned, or on no cycle): give "
                    "the network{} it was made with",
                    path, network.file_index(static_cast<LocalIndex>(moved - still.begin())), *moved, options));
  });
}

std::string adopt(const Comm& comm, const NodeData& stored, const ReadOptions& asked, Network& network) {
  std::string differing;
  const auto take = [&](const char* name, const std::optional<std::string>& option, const auto& of_run, auto& own) {
    if (!option || !comm.any(!own.empty())) {
      own = of_run;
    } else if (comm.any(own != of_run)) {
      differing += fmt::format("{}{}", differing.empty() ? "" : ", ", name);
    }
  };
  take("pinned", asked.pinned, stored.pinned, network.nodes.pinned);
  take("gain", asked.gain, stored.gain, network.nodes.gain);
  take("exponent", asked.exponent, stored.exponent, network.nodes.exponent);
  take("group", asked.tie, stored.group, network.nodes.group);
  return differing;
}

std::string alpha_checksum(const Comm& comm, const Network& network) {
  if (!comm.any(!network.alpha.empty())) return {};
  const CounterRandom mix(0, 0xA1FA);  // a hash of its arguments
  std::uint64_t sum = 0;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    const auto row = static_cast<std::uint64_t>(network.file_index(i));
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      const auto weight = std::bit_cast<std::uint64_t>(network.weight[at(e)]);
      sum += mix.bits(mix.bits(weight ^ row)[0] ^ std::bit_cast<std::uint64_t>(network.alpha[at(e)]))[0];
    }
  }
  return fmt::format("sum64:{:016x}", comm.sum(sum));
}

ProgressCallback progress_of(Progress& progress, const Comm& comm, double tolerance) {
  return [&progress, root = comm.is_root(), tolerance](const SolverProgress& p) {
    if (!root) return;
    if (log_shows(LogLevel::debug)) {  // a table, with -v
      if (p.iteration == 0) log_debug("{:>10} {:>16} {:>12} {:>10}", "iteration", "cost", "imbalance", "seconds");
      log_debug("{:>10} {:>16.10g} {:>12.4e} {:>10.3f}", p.iteration, p.cost, p.imbalance, p.seconds);
    }
    // Below the tolerance only the step is left, whose end cannot be foreseen from the imbalance.
    const bool ahead = p.imbalance > tolerance;
    progress.update(p.iteration, p.cost, p.imbalance, ahead ? std::optional(tolerance) : std::nullopt);
  };
}

double leeway_of(double limit) {
  constexpr double share = 0.1, least = 5;  // s
  return std::max(share * limit, least);
}

double time_to_begin(double limit, const Beginning& beginning) {
  return beginning.left_of(limit > 0 ? limit + leeway_of(limit) / 2 : limit);
}

double time_to_solve(const Comm& comm, double limit, const Beginning& beginning) {
  if (limit <= 0) return limit;
  const double spent = comm.max(beginning.timer.seconds());
  const double kept = std::min(spent, limit / 3);
  if (spent + kept > limit && 2 * spent > limit + leeway_of(limit)) throw stopped_by(kTimeIsUp);
  return beginning.left_of(limit - kept);
}

CountProgress::CountProgress(std::string what, std::int64_t total, std::string unit)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total), next_line_(2.0), pause_(status_pause()) {}

void CountProgress::update(std::int64_t done) {
  done_ = done;
  const double seconds = timer_.seconds();
  if (seconds < next_line_ || done <= 0 || !log_shows(LogLevel::info)) return;
  next_line_ = seconds + pause_;
  print(seconds, "");
}

void CountProgress::tell(const SolveStatus& status) {
  const double seconds = timer_.seconds();
  if (seconds < next_line_ || seconds_since_status() < pause_ || !log_shows(LogLevel::info)) return;
  next_line_ = seconds + pause_;
  print(seconds, fmt::format(" (Krylov iteration {})", status.iteration));
}

void CountProgress::print(double seconds, const std::string& within) const {
  auto line =
      fmt::format("{}: {} of {} {}{}, elapsed {}", what_, done_, total_, unit_, within, format_duration(seconds));
  const double left = seconds / static_cast<double>(done_) * static_cast<double>(total_ - done_);
  if (done_ > 0) line += fmt::format(", about {} left", format_duration(left));
  log_status(line);
}

}  // namespace synbal::app
