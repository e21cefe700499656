// Columns of a trajectory: figures of the run, h of neurons, weights and costs of synapses.
#include <algorithm>
#include <cctype>
#include <numeric>

#include "app/flow/flow.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::app {

namespace {

/// "sum of h" as the name of a dataset.
std::string dataset_name(std::string words) {
  std::ranges::replace_if(
      words, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return words;
}

/// Collective. For marked neurons their rank in the order of the file, whoever owns them.
std::vector<std::int64_t> columns_of(const Comm& comm, const Network& network,
                                     const std::vector<std::uint8_t>& marked) {
  const auto rows = Ownership::even(comm, network.size());
  const auto flags = to_file_order<std::uint8_t>(comm, network, rows, marked);
  std::vector<std::int64_t> column(flags.begin(), flags.end());
  const auto own = std::reduce(column.begin(), column.end(), std::int64_t{0});
  std::exclusive_scan(column.begin(), column.end(), column.begin(), comm.sum_below(own));
  return from_file_order<std::int64_t>(comm, network, rows, column);
}

}  // namespace

Recording::Recording(const Comm& comm, const Network& network, const BalanceProblem& problem,
                     const FlowOptions& options, InvariantMonitor& monitor, Companions& companions)
    : comm_(comm),
      network_(network),
      problem_(problem),
      monitor_(monitor),
      companions_(companions),
      selected_(select_synapses(comm, network, "--record-synapses", options.record_synapses)),
      costs_(comm, network, problem.power()) {
  choose_neurons(select_neurons(comm, network, "--record", options.record));
  choose_scalars();
}

/// Collective.
void Recording::choose_neurons(const std::vector<std::uint8_t>& marked) {
  const auto column = columns_of(comm_, network_, marked);
  const auto ids = neuron_ids(network_);
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] == 0) continue;
    neurons_.push_back(static_cast<LocalIndex>(i));
    place_.push_back(column[i]);
    id_.push_back(ids[i]);
  }
  width_ = comm_.sum(static_cast<std::int64_t>(neurons_.size()));
}

void Recording::choose_scalars() {
  scalars_ = {{"time", [](const FlowMoment& m) { return m.time; }},
              {"cost", [](const FlowMoment& m) { return m.cost; }},
              {"imbalance", [](const FlowMoment& m) { return m.imbalance.l1; }},
              {"imbalance_l2", [](const FlowMoment& m) { return m.imbalance.l2; }},
              {"imbalance_linf", [](const FlowMoment& m) { return m.imbalance.linf; }},
              {"max_log_ratio", [](const FlowMoment& m) { return m.imbalance.max_log_ratio; }},
              {"gradient_norm", [](const FlowMoment& m) { return m.gradient_norm; }},
              {"seconds", [this](const FlowMoment&) { return timer_.seconds() + earlier_; }}};
  add_integrator_scalars();
  add_watched_scalars();
}

void Recording::add_integrator_scalars() {
  const auto add = [&](const std::string& name, auto IntegratorStatistics::*member) {
    scalars_.push_back(
        {"integrator/" + name, [member](const FlowMoment& m) { return static_cast<double>(m.statistics.*member); }});
  };
  using S = IntegratorStatistics;
  add("step", &S::step), add("order", &S::order), add("steps", &S::steps), add("derivatives", &S::derivatives);
  add("nonlinear_iterations", &S::nonlinear_iterations), add("krylov_iterations", &S::krylov_iterations);
  add("error_test_failures", &S::error_test_failures), add("nonlinear_failures", &S::nonlinear_failures);
  add("linear_failures", &S::linear_failures);
}

void Recording::add_watched_scalars() {
  for (std::size_t k = 0; k < monitor_.invariants().size(); ++k) {
    const auto& invariant = monitor_.invariants()[k];
    if (!invariant.watched) continue;
    scalars_.push_back({"invariants/" + dataset_name(invariant.name),
                        [this, k](const FlowMoment&) { return monitor_.invariants()[k].drift; }});
  }
  auto& c = companions_;
  if (c.heat) {
    scalars_.push_back({"heat/difference_l2", [&c](const FlowMoment&) { return c.heat_difference.l2; }});
    scalars_.push_back({"heat/difference_linf", [&c](const FlowMoment&) { return c.heat_difference.linf; }});
    scalars_.push_back({"heat/difference_relative", [&c](const FlowMoment&) { return c.heat_difference.relative; }});
  }
  if (c.weights) {
    scalars_.push_back({"weights/largest_difference", [&c](const FlowMoment&) { return c.weight_difference; }});
  }
}

TrajectoryLayout Recording::layout(std::int64_t expected_rows) const {
  TrajectoryLayout layout;
  layout.expected_rows = expected_rows;
  for (const auto& scalar : scalars_) layout.scalars.push_back(scalar.name);
  if (width_ > 0 || network_.size() == 0) {
    layout.labels.push_back({"neuron", width_, place_, id_, names_at(comm_, network_, id_)});
    layout.tables.push_back({"h", width_, place_});
    if (companions_.heat) layout.tables.push_back({"heat/h", width_, place_});
  }
  const auto& s = selected_;
  if (s.count > 0) {
    const auto label = [&](const char* name, const std::vector<std::int64_t>& ids) {
      layout.labels.push_back({name, s.count, s.place, ids, names_at(comm_, network_, ids)});
    };
    label("synapse/postsynaptic", s.postsynaptic);
    label("synapse/presynaptic", s.presynaptic);
    layout.tables.push_back({"synapse/weight", s.count, s.place});
    layout.tables.push_back({"synapse/cost", s.count, s.place});
  }
  return layout;
}

void Recording::open(const std::string& path, std::int64_t expected_rows, const Provenance& about,
                     const std::optional<RunPart>& earlier) {
  if (!earlier) {
    writer_ = std::make_unique<TrajectoryWriter>(comm_, path, layout(expected_rows), about);
    return;
  }
  earlier_ = earlier->number("seconds"), recorded_ = earlier->number("recorded");
  const TrajectoryPlace place{earlier->count("rows"), recorded_};
  writer_ = std::make_unique<TrajectoryWriter>(comm_, path, layout(expected_rows), about, place);
}

void Recording::tell(RunPart& part) {
  writer_->flush();
  part.put("rows", static_cast<double>(writer_->rows())), part.put("recorded", recorded_);
  part.put("seconds", timer_.seconds() + earlier_);
}

/// [recorded neurons] Values of active neurons; the others have none.
std::vector<double> Recording::of_recorded(std::span<const double> active) const {
  const auto all = problem_.to_network(active, 0.0);
  std::vector<double> values;
  values.reserve(neurons_.size());
  for (const auto i : neurons_) values.push_back(all[at(i)]);
  return values;
}

/// [recorded synapses] value(row, entry).
template <class Value>
std::vector<double> Recording::of_synapses(Value&& value) const {
  std::vector<double> values;
  for (std::size_t k = 0; k < selected_.entry.size(); ++k) {
    values.push_back(value(selected_.row[k], selected_.entry[k]));
  }
  return values;
}

/// Collective.
void Recording::advance_companions(const FlowMoment& moment) {
  auto& c = companions_;
  if (c.heat) c.heat_difference = c.heat->compare(moment.time, moment.h);
  if (!c.weights) return;
  c.weight_difference = c.weights->compare(moment.time, moment.h);
  // What is not a number stays in sight.
  if (!(c.weight_difference <= c.largest_weight_difference)) c.largest_weight_difference = c.weight_difference;
}

void Recording::row(const FlowMoment& moment) {
  advance_companions(moment);
  std::vector<double> figures;
  for (const auto& scalar : scalars_) figures.push_back(scalar.value(moment));
  std::vector<double> h, heat, weight, cost;
  std::vector<std::span<const double>> tables;
  if (width_ > 0 || network_.size() == 0) {
    tables.emplace_back(h = of_recorded(moment.h));
    if (companions_.heat) tables.emplace_back(heat = of_recorded(companions_.heat->h()));
  }
  if (synapses() > 0) {
    costs_.scale(problem_.to_network(moment.h, 0.0));
    tables.emplace_back(weight = of_synapses([&](auto row, auto entry) { return costs_.weight(row, entry); }));
    tables.emplace_back(cost = of_synapses([&](auto row, auto entry) { return costs_.cost(row, entry); }));
  }
  const Timer writing;
  writer_->append(figures, tables);
  recorded_ = moment.time;
  writing_ += writing.seconds();
}

void Recording::finish(const Provenance& about) { writer_->finish(about); }

}  // namespace synbal::app
