// Reports (CONTRACT.md): their parts are plain structs that describe themselves to a writer, entry by entry, for JSON,
// and from which the text on the terminal is printed.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.hpp"
#include "app/loading.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/io/result.hpp"

namespace synbal::app {

class ReportWriter;

/// What describe(ReportWriter&, const T&) is written for: an object of the report.
template <class T>
concept Described = requires(ReportWriter& report, const T& thing) {
  describe(report, thing);
};

/// Takes the entries of an object in order: report("n", n)("nnz", nnz). Numbers that are not finite and what is not
/// there become null.
class ReportWriter {
 public:
  ReportWriter();
  ~ReportWriter();
  ReportWriter(const ReportWriter&) = delete;
  ReportWriter& operator=(const ReportWriter&) = delete;

  /// A word, a number, a truth, an object that describes itself, an optional or a list of those.
  template <class T>
  ReportWriter& operator()(const char* key, const T& value) {
    if constexpr (Described<T>)
      return object(key, [&](ReportWriter& report) { describe(report, value); });
    else if constexpr (std::convertible_to<T, std::string_view>)
      put(key, std::string_view(value));
    else if constexpr (std::same_as<T, bool>)
      put(key, value);
    else if constexpr (std::unsigned_integral<T>)
      put(key, std::uint64_t{value});
    else if constexpr (std::integral<T>)
      put(key, std::int64_t{value});
    else
      put(key, double{value});
    return *this;
  }
  template <class T>
  ReportWriter& operator()(const char* key, const std::optional<T>& value) {
    if (value) return (*this)(key, *value);
    put_nothing(key);
    return *this;
  }
  template <class T>
  ReportWriter& operator()(const char* key, const std::vector<T>& values) {
    open(key, true);
    for (const auto& value : values) (*this)("", value);
    close();
    return *this;
  }
  /// An object without a type of its own: describe_it(report) says what it holds.
  template <std::invocable<ReportWriter&> DescribeIt>
  ReportWriter& object(const char* key, DescribeIt&& describe_it) {
    open(key, false);
    describe_it(*this);
    close();
    return *this;
  }

  /// All of it, indented, with a line end.
  [[nodiscard]] std::string json() const;

 private:
  void put(const char* key, std::string_view value);
  void put(const char* key, bool value);
  void put(const char* key, std::int64_t value);
  void put(const char* key, std::uint64_t value);
  void put(const char* key, double value);
  void put_nothing(const char* key);
  void open(const char* key, bool list);
  void close();

  struct Tree;
  std::unique_ptr<Tree> tree_;
};

/// A report as JSON.
template <Described Report>
[[nodiscard]] std::string json_of(const Report& report) {
  ReportWriter writer;
  describe(writer, report);
  return writer.json();
}

// ---- what several commands report

/// Who ran what, when; `finished` is when it was made.
struct RunHead {
  std::string command, started, finished;
  int ranks = 1;
};
[[nodiscard]] RunHead head_of(const Context& context, const std::string& started);
void describe(ReportWriter& report, const RunHead& head);

struct InputSection {
  InputFacts facts;
  std::int64_t neurons = 0, synapses = 0, pinned = 0;
  std::string alphas;        ///< alpha_checksum(): empty without factors of single synapses
  std::string pinned_names;  ///< of the first pinned neurons, as a summary tells them; on rank 0
};
/// Collective.
[[nodiscard]] InputSection input_of(const Comm& comm, const Network& network);
void describe(ReportWriter& report, const InputSection& input);

struct ComponentsSection {
  std::int64_t count = 0, nontrivial = 0, largest = 0, edges_between = 0;
  std::optional<double> share_between;      ///< of the cost, on synapses between components; none where nothing costs
  std::int64_t free = 0;                    ///< synapses that cost nothing (a gain or alpha of 0): no edges
  std::optional<double> cost_between = {};  ///< with the cost inside it adds up to all; infinite beyond doubles
};
[[nodiscard]] ComponentsSection components_of(const Components& components, const BalanceProblem& problem,
                                              double cost_inside);
void describe(ReportWriter& report, const ComponentsSection& components);
/// The line about what leads from one component to another.
void print_between(const ComponentsSection& components);

/// In the user's unit.
struct CostSection {
  double power = 2, initial = 0, final = 0;
  std::optional<double> lower_bound{}, gap{};
  std::optional<double> log10_initial{}, log10_final{}, log10_bound{};  ///< where doubles end
  std::string terms{};  ///< of a sum of costs, "1*2+0.7*1"; `power` says nothing then

  /// Takes the bounds over, which are in the problem's unit.
  void bound_by(const Certificate& certificate, const BalanceProblem& problem);
};
void describe(ReportWriter& report, const CostSection& cost);
/// A cost, as a power of ten where it is no double.
[[nodiscard]] std::string cost_text(std::optional<double> cost, std::optional<double> log10);

/// Extremes of h over the active neurons; 0 without any.
struct HSection {
  double min = 0, max = 0;
};
/// Collective.
[[nodiscard]] HSection h_of(const BalanceProblem& problem, std::span<const double> h);
void describe(ReportWriter& report, const HSection& h);

/// Bytes.
struct MemorySection {
  std::int64_t peak_max = 0, peak_sum = 0;  ///< of a rank, of all ranks
};
/// Collective.
[[nodiscard]] MemorySection memory_of(const Comm& comm);
void describe(ReportWriter& report, const MemorySection& memory);

struct ParallelSection {
  std::optional<double> synapses_max_over_mean, ghost_fraction;
  std::int64_t bytes_sent = 0, messages = 0;
};
/// Collective.
[[nodiscard]] ParallelSection parallel_of(const Network& network, const BalanceProblem& problem);
void describe(ReportWriter& report, const ParallelSection& parallel);

void describe(ReportWriter& report, const Imbalance& imbalance);
void describe(ReportWriter& report, const CutFacts& cuts);
/// Nothing without weak cuts.
void print_cuts(const std::optional<CutFacts>& cuts);
void describe(ReportWriter& report, const SolverResult& solver);
void describe(ReportWriter& report, const PhaseTimes& times);

/// The part of a file's provenance that every run knows; `finished` is now.
[[nodiscard]] Provenance provenance_of(const Context& context, const InputOptions& input, const Network& network,
                                       const std::string& started);

/// The lines of a summary about the network and its components.
void print_network(const InputSection& input, const ComponentsSection& components);
/// The lines about time and memory; `solving`: what the time of solving went into.
void print_spent(const PhaseTimes& times, const char* solving, const MemorySection& memory, int ranks);

/// A number as text; "not known" where there is none.
[[nodiscard]] std::string text_of(double value, const char* format = "{:.10g}");
[[nodiscard]] std::string text_of(const std::optional<double>& value, const char* format = "{:.10g}");
/// A number of bytes as people read it.
[[nodiscard]] std::string human_bytes(double bytes);
/// "converged", or what nobody should overlook.
[[nodiscard]] const char* converged_text(bool converged);

/// Collective. [rank 0] Records of all ranks, in rank order: for the few that a report shows.
template <class T>
[[nodiscard]] std::vector<T> on_root(const Comm& comm, std::span<const T> own) {
  std::vector<std::int64_t> counts(at(comm.size()), 0);
  counts[0] = static_cast<std::int64_t>(own.size());
  return comm.exchange<T>(own, counts).values;
}

/// Collective. Writes the report where one is wanted, and prints the summary unless the user wants none; where it is
/// the `answer` and no report has it, always.
/// @throws Error io_failure.
template <Described Report>
void tell(const Context& context, const Report& report, const std::string& path, bool answer = false) {
  agreed(context.world, [&] {
    if (context.world.is_root() && !path.empty()) replace_file(path, json_of(report));
    if (context.speaks(answer && path.empty())) print(report);
  });
}

}  // namespace synbal::app
