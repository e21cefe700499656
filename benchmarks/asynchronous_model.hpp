// A cost model of balancing on many ranks: relaxations per second, latency and bandwidth fitted from a run, and what
// they predict for machines that are not here.
#pragma once

#include <cmath>

#include "measure.hpp"
#include "synbal/balance/problem.hpp"

namespace synbal::benchmark {

struct CostModel {
  double seconds_per_synapse = 0;  ///< of a relaxation on one core
  double latency = 0;              ///< seconds a small message takes
  double seconds_per_byte = 0;     ///< of a large one
};

/// Collective. One way of a message of so many bytes between the first and the last rank, in seconds (half of the
/// median there and back).
inline double one_way(const Comm& comm, std::size_t bytes, int repeats) {
  std::vector<char> buffer(bytes);
  const int last = comm.size() - 1, count = static_cast<int>(bytes);
  std::vector<double> times;
  comm.barrier();
  for (int k = 0; k < repeats && (comm.rank() == 0 || comm.rank() == last); ++k) {
    const Timer timer;
    const bool first = comm.rank() == 0;
    for (const bool send : {first, !first}) {
      const int other = first ? last : 0;
      if (send) SYNBAL_MPI(MPI_Send(buffer.data(), count, MPI_CHAR, other, 7, comm.get()));
      if (!send) SYNBAL_MPI(MPI_Recv(buffer.data(), count, MPI_CHAR, other, 7, comm.get(), MPI_STATUS_IGNORE));
    }
    times.push_back(timer.seconds());
  }
  comm.barrier();
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[times.size() / 2] / 2;
}

/// Collective. From a coloured sweep run's seconds and sweeps, and messages sent to and fro.
inline CostModel fit_model(const BalanceProblem& problem, double sweep_seconds, double sweeps) {
  const auto& comm = problem.comm();
  const auto edges = static_cast<double>(std::max<std::int64_t>(problem.edges(), 1));
  CostModel model;
  const int cores = std::min<int>(comm.size(), static_cast<int>(std::thread::hardware_concurrency()));
  if (sweeps > 0) model.seconds_per_synapse = sweep_seconds / sweeps / edges * cores;
  if (comm.size() < 2) return model;
  constexpr std::size_t kLarge = std::size_t{1} << 20;
  model.latency = comm.broadcast(one_way(comm, 8, 201), 0);
  model.seconds_per_byte =
      std::max(0.0, comm.broadcast(one_way(comm, kLarge, 21), 0) - model.latency) / static_cast<double>(kLarge);
  return model;
}

/// Predicted seconds of one round on P ranks of a well-mixed network (every rank talks to every other, a neuron's
/// neighbours are spread evenly): asynchronous ranks pay for relaxations and for handing messages over; synchronous
/// ones also wait for the slowest message and for a reduction, once a colour.
inline nlohmann::ordered_json predict(const CostModel& m, double neurons, double synapses, double colors, int ranks) {
  const double own = neurons / ranks, degree = synapses / neurons;
  const double ghosts = std::min(neurons - own, own * 2 * degree);  // both directions, mostly distinct
  const double peers = std::min<double>(ranks - 1, ghosts);
  const double compute = m.seconds_per_synapse * synapses / ranks;
  const double handover = peers * 0.1 * m.latency + 8 * ghosts * m.seconds_per_byte;
  const double waiting = colors * m.latency * (1 + std::log2(ranks));
  return {{"ranks", ranks},
          {"ghosts_per_rank", ghosts},
          {"seconds_per_round_asynchronous", compute + handover},
          {"seconds_per_sweep_coloured", compute + 2 * handover + waiting}};
}

inline nlohmann::ordered_json json_of(const CostModel& m, const BalanceProblem& problem) {
  const auto n = static_cast<double>(std::max<GlobalIndex>(problem.global_size(), 1));
  const auto edges = static_cast<double>(problem.edges());
  nlohmann::ordered_json strong = nlohmann::ordered_json::array(), weak = strong;
  for (const int ranks : {1, 4, 16, 64, 256, 1024, 4096}) {
    strong.push_back(predict(m, n, edges, 2 * edges / n, ranks));
    weak.push_back(predict(m, n * ranks, edges * ranks, 2 * edges / n, ranks));
  }
  return {{"seconds_per_synapse", m.seconds_per_synapse},
          {"latency_seconds", m.latency},
          {"bytes_per_second", m.seconds_per_byte > 0 ? 1 / m.seconds_per_byte : 0.0},
          {"assumes",
           "well mixed; as many colours as 2 x the mean degree; handing over a message costs a tenth of its "
           "latency; predictions are of this model, not measured"},
          {"strong", strong},
          {"weak", weak}};
}

}  // namespace synbal::benchmark
