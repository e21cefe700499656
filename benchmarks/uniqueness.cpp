// Uniqueness, sharp (Baldi et al. 2024, fig. 9 A-B): the fully connected autoencoder 784-200-100-50-100-200-784 with
// normal weights of deviation 0.1, first and last layer pinned, p = 2, balanced in many random orders. All of them must
// end in the same weights. Every rank runs its share of the orders on a network of its own.
//   [mpirun -n P] benchmark_uniqueness [--orders N] [--seed S] [--tolerance T] [--csv FILE]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include "measure.hpp"
#include "synbal/balance/balance.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/random.hpp"
#include "synbal/core/session.hpp"
#include "synbal/network/generate.hpp"
#include "synbal/stochastic/greedy.hpp"

namespace synbal::benchmark {

namespace {

struct Options {
  std::int64_t orders = 1000;
  std::uint64_t seed = 1;          // of the orders
  std::uint64_t network_seed = 1;  // of the weights
  double tolerance = 1e-12;        // of relative differences between weights
  std::string visits = "independent";
  std::string layers;
  std::string csv;
};

/// Sum of products with eight running sums, which the compiler keeps in vector registers.
double dot(const double* a, const double* b, std::size_t n) {
  double sums[8] = {};
  std::size_t e = 0;
  for (; e + 8 <= n; e += 8) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += a[e + k] * b[e + k];
  }
  for (std::size_t k = 0; e + k < n; ++k) sums[k] += a[e + k] * b[e + k];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

/// The neurons of a layered network: the neighbours of each are neighbours of one another in memory, so that a visit is
/// two products of dense vectors. p = 2, no exponents.
class LayeredNeurons {
 public:
  explicit LayeredNeurons(const IncidentSynapses& stars) : stars_(&stars) {
    for (LocalIndex i = 0; i < stars.size(); ++i) {
      for (const auto& star : {stars.incoming(i), stars.outgoing(i)}) check_contiguous(star.neighbour);
    }
    restart();
  }

  void restart() {
    pre_.assign(at(size()), 1.0);
    post_.assign(at(size()), 1.0);
  }
  [[nodiscard]] LocalIndex size() const noexcept { return stars_->size(); }

  /// Balancing in closed form: in e^{-p h} = out e^{p h}, whatever h was.
  void visit(LocalIndex i) {
    const auto seen = sums(i);
    post_[at(i)] = std::sqrt(seen.out / seen.in);
    pre_[at(i)] = 1 / post_[at(i)];
  }
  [[nodiscard]] Deviation deviation() const {
    Deviation found;
    for (LocalIndex i = 0; i < size(); ++i) {
      const auto seen = sums(i);
      const double in = seen.in * post_[at(i)], out = seen.out * pre_[at(i)];
      found.cost += in + stars_->to_pinned(i) * pre_[at(i)];
      found.deficit += (in - out) * (in - out);
      found.l1 += std::abs(in - out);
      found.max_log_ratio = std::max(found.max_log_ratio, std::abs(std::log(in / out)));
    }
    found.l1 /= found.cost;
    return found;
  }
  [[nodiscard]] std::vector<double> h() const {
    std::vector<double> h;
    for (const double t : post_) h.push_back(-std::log(t) / 2);
    return h;
  }

 private:
  static void check_contiguous(std::span<const LocalIndex> neighbour) {
    for (std::size_t e = 1; e < neighbour.size(); ++e) {
      if (neighbour[e] != neighbour[e - 1] + 1) throw internal_error("the network is not layered and fully connected");
    }
  }
  /// In- and out-cost without the neuron's own factor.
  [[nodiscard]] SeenCosts sums(LocalIndex i) const {
    return {stars_->from_pinned(i) + weighed(stars_->incoming(i), pre_),
            stars_->to_pinned(i) + weighed(stars_->outgoing(i), post_)};
  }
  static double weighed(const Synapses& star, const std::vector<double>& factor) {
    if (star.neighbour.empty()) return 0;
    return dot(star.cost.data(), factor.data() + star.neighbour.front(), star.cost.size());
  }

  const IncidentSynapses* stars_;
  std::vector<double> pre_, post_;
};

/// Who is visited when, keyed by (seed, order).
class Visits {
 public:
  Visits(const Options& options, LocalIndex neurons)
      : random_(options.seed, 901), permuted_(options.visits == "permutation"), sequence_(at(neurons)) {}

  void start(std::int64_t order) {
    order_ = static_cast<std::uint32_t>(order);
    visit_ = 0;
  }
  LocalIndex next() {
    const auto n = static_cast<std::uint64_t>(sequence_.size());
    const auto visit = visit_++;
    if (!permuted_) return static_cast<LocalIndex>(random_.below(n, visit, order_));
    if (visit % n == 0) shuffle(visit);
    return sequence_[visit % n];
  }

 private:
  void shuffle(std::uint64_t visit) {  // Fisher and Yates
    std::iota(sequence_.begin(), sequence_.end(), 0);
    for (auto k = sequence_.size(); k > 1; --k) {
      std::swap(sequence_[k - 1], sequence_[random_.below(k, visit + k, order_)]);
    }
  }

  CounterRandom random_;
  bool permuted_;
  std::vector<LocalIndex> sequence_;
  std::uint32_t order_ = 0;
  std::uint64_t visit_ = 0;
};

constexpr std::int64_t kMostSweeps = 2000;
// A sweep is as many visits as there are neurons. Ten records a sweep at the start, where most happens, then fewer: a
// record costs as much as a sweep.
constexpr std::int64_t kFineSweeps = 5;
constexpr std::int64_t kFineRecords = 10;
constexpr std::int64_t kCoarseSweeps = 4;

/// Visits at which record `k` is taken.
std::int64_t visits_of(std::int64_t k, std::int64_t neurons) {
  const auto fine = kFineSweeps * kFineRecords;
  return k <= fine ? k * neurons / kFineRecords : (kFineSweeps + (k - fine) * kCoarseSweeps) * neurons;
}

/// Cost and deficit along one order.
struct Course {
  std::vector<Deviation> records;
  bool balanced = false;
  std::int64_t visits = 0;
};

Course run_order(LayeredNeurons& neurons, Visits& visits, double log_ratio) {
  Course course;
  neurons.restart();
  course.records.push_back(neurons.deviation());
  const auto n = std::int64_t{neurons.size()};
  while (!course.balanced && course.visits < kMostSweeps * n) {
    const auto until = visits_of(std::ssize(course.records), n);
    for (; course.visits < until; ++course.visits) neurons.visit(visits.next());
    course.records.push_back(neurons.deviation());
    course.balanced = course.records.back().max_log_ratio <= log_ratio;
  }
  return course;
}

/// Cost and deficit of all orders after the same number of visits.
class Row {
 public:
  void add(const Deviation& d) {
    orders_ += 1;
    const double apart = d.cost - cost_;  // Welford 1962
    cost_ += apart / orders_;
    squares_ += apart * (d.cost - cost_);
    deficit_ += d.deficit;
    const std::array<double, 4> values{-d.cost, d.cost, -d.deficit, d.deficit};
    for (std::size_t k = 0; k < values.size(); ++k) maxima_[k] = std::max(maxima_[k], values[k]);
  }
  /// Collective.
  void reduce(const Comm& comm) {
    std::array<double, 3> sums{orders_, orders_ * cost_, deficit_};
    comm.sum(std::span<double>(sums));
    const double mean = sums[1] / sums[0];
    squares_ = comm.sum(squares_ + orders_ * (cost_ - mean) * (cost_ - mean));
    orders_ = sums[0], cost_ = mean, deficit_ = sums[2];
    comm.max(std::span<double>(maxima_));
  }
  void print(std::FILE* file, std::int64_t visits) const {
    fmt::print(file, "{},{:.15g},{:.6g},{:.15g},{:.15g},{:.6g},{:.6g},{:.6g}\n", visits, cost_,
               std::sqrt(squares_ / orders_), -maxima_[0], maxima_[1], deficit_ / orders_, -maxima_[2], maxima_[3]);
  }

 private:
  static constexpr double kNone = std::numeric_limits<double>::infinity();
  double orders_ = 0, cost_ = 0, squares_ = 0;                    // number, mean, sum of squared differences from it
  double deficit_ = 0;                                            // sum
  std::array<double, 4> maxima_{-kNone, -kNone, -kNone, -kNone};  // of -cost, cost, -deficit, deficit
};

/// What the figure shows. An order that has ended stays where it was.
class Figure {
 public:
  void add(const Course& course) {
    if (rows_.size() < course.records.size()) rows_.resize(course.records.size(), ended_);
    for (std::size_t k = 0; k < rows_.size(); ++k) rows_[k].add(course.records[std::min(k, course.records.size() - 1)]);
    ended_.add(course.records.back());
  }
  /// Collective.
  void reduce(const Comm& comm) {
    rows_.resize(at(comm.max(static_cast<std::int64_t>(rows_.size()))), ended_);
    for (auto& row : rows_) row.reduce(comm);
  }
  void write(const std::string& path, std::int64_t neurons) const {
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) {
      throw io_failure(fmt::format("{} cannot be written (does its folder exist?): name another file", path));
    }
    fmt::print(file, "visits,cost_mean,cost_sd,cost_min,cost_max,deficit_mean,deficit_min,deficit_max\n");
    for (std::size_t k = 0; k < rows_.size(); ++k) {
      rows_[k].print(file, visits_of(static_cast<std::int64_t>(k), neurons));
    }
    if (std::fclose(file) != 0) throw io_failure(fmt::format("{} was not written in full: is the disk full?", path));
  }

 private:
  std::vector<Row> rows_;
  Row ended_;  // of all orders so far, at their ends
};

/// The largest and smallest h_j - h_i of every synapse over all orders: a weight ends as J_ij e^{h_j - h_i}.
class WeightRanges {
 public:
  explicit WeightRanges(const IncidentSynapses& stars) : stars_(&stars) {
    std::size_t synapses = 2 * at(stars.size());  // from and to pinned neurons: -h_i, h_i
    for (LocalIndex i = 0; i < stars.size(); ++i) synapses += stars.incoming(i).neighbour.size();
    least_.assign(synapses, std::numeric_limits<double>::infinity());
    most_.assign(synapses, -std::numeric_limits<double>::infinity());
  }

  void add(std::span<const double> h) {
    for_each_change(*stars_, h, [&](std::size_t e, double change) {
      least_[e] = std::min(least_[e], change);
      most_[e] = std::max(most_[e], change);
    });
  }
  /// Collective. The largest relative difference of any weight between any two orders.
  double widest(const Comm& comm) {
    for (auto& x : least_) x = -x;
    comm.max(std::span<double>(least_));
    comm.max(std::span<double>(most_));
    double widest = 0;
    for (std::size_t e = 0; e < most_.size(); ++e) widest = std::max(widest, std::expm1(most_[e] + least_[e]));
    for (auto& x : least_) x = -x;
    return widest;
  }
  /// The largest relative difference of any weight between any order and the weights at h; after widest().
  [[nodiscard]] double farthest_from(std::span<const double> h) const {
    double farthest = 0;
    for_each_change(*stars_, h, [&](std::size_t e, double change) {
      farthest = std::max({farthest, std::expm1(most_[e] - change), std::expm1(change - least_[e])});
    });
    return farthest;
  }

 private:
  template <class Visit>
  static void for_each_change(const IncidentSynapses& stars, std::span<const double> h, Visit&& visit) {
    std::size_t e = 0;
    for (LocalIndex i = 0; i < stars.size(); ++i) {
      for (const auto j : stars.incoming(i).neighbour) visit(e++, h[at(j)] - h[at(i)]);
      visit(e++, -h[at(i)]);
      visit(e++, h[at(i)]);
    }
  }

  const IncidentSynapses* stars_;
  std::vector<double> least_, most_;
};

/// Visits per neuron that it takes to an l1 imbalance, by several orders.
nlohmann::ordered_json relaxations_to(double l1, const Options& options, BalanceProblem& problem,
                                      IncidentSynapses& stars) {
  const auto n = stars.size();
  const auto random = [&](const std::string& kind) {
    auto copy = options;
    copy.visits = kind;
    Visits visits(copy, n);
    LayeredNeurons neurons(stars);
    constexpr std::int64_t orders = 20, every = 10;
    std::int64_t count = 0;
    for (std::int64_t order = 0; order < orders; ++order) {
      visits.start(order);
      neurons.restart();
      for (; neurons.deviation().l1 > l1; count += every) {
        for (std::int64_t k = 0; k < every; ++k) neurons.visit(visits.next());
      }
    }
    return static_cast<double>(count) / static_cast<double>(orders * n);
  };
  const auto greedy = [&](GreedyKey key) {
    NeuronBalancer neurons(problem, stars);
    const auto result = balance_greedily(neurons, {.key = key, .tolerance = l1});
    return static_cast<double>(result.relaxations) / n;
  };
  return {{"independent", random("independent")},
          {"permutation", random("permutation")},
          {"greedy_imbalance", greedy(GreedyKey::imbalance)},
          {"greedy_decrease", greedy(GreedyKey::decrease)}};
}

/// This rank's copy of the network.
struct Setting {
  Comm self{MPI_COMM_SELF};
  Network network;
  Components components;
  BalanceProblem problem;

  explicit Setting(const GeneratorParams& params)
      : network(generate(self, params)),
        components(strongly_connected_components(self, network)),
        problem(self, network, components, 2) {}
};

GeneratorParams layered(const Options& options) {
  GeneratorParams params;
  params.kind = "layered";
  params.seed = options.network_seed;
  params.layers = options.layers;
  return params;
}

/// h by Newton's method, on a problem of its own.
std::vector<double> newton(const GeneratorParams& params, double& cost) {
  Setting setting(params);
  BalanceParams precise;
  precise.method = Method::newton;
  precise.stop.tolerance = 1e-14;
  precise.stop.step_tolerance = 1e-13;
  const auto found = balance(setting.problem, precise);
  cost = found.costs.total * setting.problem.cost_unit();
  return found.h;
}

/// What all orders did, over all ranks.
struct Outcome {
  Deviation start, end;  // the largest at the end
  std::int64_t visits = 0, most_visits = 0, balanced = 0;
  double seconds = 0;
  double widest = 0, from_newton = 0;  // relative differences of weights
};

/// Collective. Balances in this rank's share of the orders.
Outcome balance_in_all_orders(const Comm& comm, const Options& options, const IncidentSynapses& stars,
                              std::span<const double> truth) {
  LayeredNeurons neurons(stars);
  Visits visits(options, stars.size());
  Figure figure;
  WeightRanges ranges(stars);
  Outcome own;
  own.start = neurons.deviation();
  comm.barrier();
  const Timer timer;
  for (auto order = std::int64_t{comm.rank()}; order < options.orders; order += comm.size()) {
    visits.start(order);
    const auto course = run_order(neurons, visits, options.tolerance / 100);
    figure.add(course);
    ranges.add(neurons.h());
    own.visits += course.visits;
    own.most_visits = std::max(own.most_visits, course.visits);
    own.balanced += course.balanced ? 1 : 0;
    own.end.deficit = std::max(own.end.deficit, course.records.back().deficit);
    own.end.cost = std::max(own.end.cost, course.records.back().cost);
  }
  own.seconds = comm.max(timer.seconds());
  figure.reduce(comm);
  agreed(comm, [&] {
    if (comm.is_root() && !options.csv.empty()) figure.write(options.csv, stars.size());
  });
  own.widest = ranges.widest(comm);
  own.from_newton = ranges.farthest_from(truth);
  own.visits = comm.sum(own.visits), own.most_visits = comm.max(own.most_visits);
  own.balanced = comm.sum(own.balanced);
  own.end.deficit = comm.max(own.end.deficit), own.end.cost = comm.max(own.end.cost);
  return own;
}

nlohmann::ordered_json json_of(const Outcome& found, const Options& options, double neurons, int ranks) {
  const auto visits = static_cast<double>(found.visits);
  return {{"orders", options.orders},
          {"orders_balanced", found.balanced},
          {"largest_relative_difference_between_orders", found.widest},
          {"largest_relative_difference_from_newton", found.from_newton},
          {"tolerance", options.tolerance},
          {"cost", {{"initial", found.start.cost}, {"final", found.end.cost}}},
          {"deficit", {{"initial", found.start.deficit}, {"final_max", found.end.deficit}}},
          {"visits", options.visits},
          {"visits_per_neuron",
           {{"mean", visits / static_cast<double>(options.orders) / neurons},
            {"max", static_cast<double>(found.most_visits) / neurons}}},
          {"seconds", found.seconds},
          {"nanoseconds_per_visit_with_records", 1e9 * found.seconds * ranks / visits}};
}

int run(const Comm& comm, const Options& options) {
  const auto params = layered(options);
  Setting setting(params);
  IncidentSynapses stars(setting.problem, setting.network);
  double cost = 0;
  const auto truth = newton(params, cost);
  const auto found = balance_in_all_orders(comm, options, stars, truth);
  const bool correct = found.balanced == options.orders && found.widest <= options.tolerance &&
                       found.from_newton <= 10 * options.tolerance;
  if (comm.is_root()) {
    nlohmann::ordered_json result{{"benchmark", "uniqueness"},
                                  {"machine", machine(comm)},
                                  {"layers", completed(params).layers},
                                  {"synapses", setting.network.nnz},
                                  {"hidden_neurons", stars.size()}};
    result.update(json_of(found, options, stars.size(), comm.size()));
    result["cost"]["newton"] = cost;
    result["visits_per_neuron_to_l1_1e-6"] = relaxations_to(1e-6, options, setting.problem, stars);
    result["correct"] = correct;
    fmt::print("{}\n", result.dump(2));
  }
  return correct ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Many random orders of balancing end in the same weights", "benchmark_uniqueness"};
  Options options;
  app.add_option("--orders", options.orders, "random orders, at least 2")->check(CLI::Range(2, 100'000'000));
  app.add_option("--seed", options.seed, "of the orders");
  app.add_option("--network-seed", options.network_seed, "of the weights");
  app.add_option("--tolerance", options.tolerance, "relative difference that counts as the same")
      ->check(CLI::Range(1e-15, 1.0));
  app.add_option("--visits", options.visits, "independent: any neuron at any time; permutation: all, then all again")
      ->check(CLI::IsMember({"independent", "permutation"}));
  app.add_option("--layers", options.layers, "sizes instead of the paper's");
  app.add_option("--csv", options.csv, "cost and deficit over visits, for synbal-plot uniqueness");
  CLI11_PARSE(app, argc, argv);
  const Session session("benchmark_uniqueness");
  try {
    return run(session.world(), options);
  } catch (const Error& e) {
    if (session.world().is_root()) fmt::print(stderr, "benchmark_uniqueness: {}\n", e.what());
    return static_cast<int>(e.code());
  }
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
