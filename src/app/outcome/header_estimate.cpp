// Sizes and estimates.
#include "app/outcome/header_estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/outcome/prediction.hpp"
#include "app/report.hpp"
#include "synbal/io/sizes.hpp"

namespace synbal::app {

namespace {

/// Bytes on all ranks together. Without the number of neurons: as if each had ten synapses.
struct Estimate {
  int ranks = 1;
  double bytes = 0;
};

/// By the performance model, with weights kept.
Estimate estimate_for(int ranks, const NetworkSizes& sizes) {
  const auto& machine = measured_machine();
  const auto& family = machine.family(sizes.generated ? sizes.generated->kind : "random");
  return {ranks, ranks * memory_need(layout_by_sizes(sizes, ranks), family, machine, Keeps::weights).total()};
}

struct HeaderReport {
  RunHead head;
  const std::string& path;
  NetworkSizes sizes;
  std::array<Estimate, 4> estimates;
};

void describe(ReportWriter& report, const Estimate& estimate) {
  report("ranks", estimate.ranks)("bytes", estimate.bytes);
}

void describe(ReportWriter& report, const HeaderReport& r) {
  describe(report, r.head);
  report.object("input", [&](ReportWriter& input) {
    input("path", r.path)("format", r.sizes.format)("n", r.sizes.neurons)("nnz", r.sizes.entries);
    input("estimated", r.sizes.estimated);
  });
  report.object("memory", [&](ReportWriter& memory) {
    memory("estimates", std::vector<Estimate>(r.estimates.begin(), r.estimates.end()));
  });
}

void print(const HeaderReport& r) {
  const auto& s = r.sizes;
  fmt::print("network      {} ({}): {} neurons, {}{} synapses{}\n", r.path, s.format,
             s.neurons ? fmt::format("{}", *s.neurons) : "an unknown number of", s.estimated ? "about " : "", s.entries,
             s.estimated ? "" : " as stored (duplicates and zeros among them)");
  const char* head = "memory";
  for (const auto& e : r.estimates) {
    fmt::print("{:<12} about {} for `balance` on {} {}: {} each\n", head, human_bytes(e.bytes), e.ranks,
               e.ranks == 1 ? "rank" : "ranks", human_bytes(e.bytes / e.ranks));
    head = "";
  }
}

}  // namespace

ExitCode tell_header(const Context& context, const InputOptions& input, const std::string& report) {
  const Beginning beginning;
  check_outputs(context, {{report, OutputKind::report}}, input_files(input));
  const auto sizes = network_sizes(context.world, input.path, input.read);
  refuse_foreign(context);
  HeaderReport all{head_of(context, beginning.date), input.path, sizes, {}};
  constexpr std::array ranks{1, 8, 64, 512};
  std::ranges::transform(ranks, all.estimates.begin(), [&](int p) { return estimate_for(p, sizes); });
  tell(context, all, report, true);
  return ExitCode::done;
}

}  // namespace synbal::app
