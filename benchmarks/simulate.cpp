// How fast networks are run: synapse updates a second of a block of columns and of a whole step, the bytes that moves
// against a STREAM-like read, and PETSc's product of the same matrix with the same block, all in one run.
//   [mpirun -n P] benchmark_simulate [--nodes N] [--degree K] [--columns M] [--repeats R]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <numeric>

#include "bandwidth.hpp"
#include "measure.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/core/session.hpp"
#include "synbal/dynamics/dynamics.hpp"
#include "synbal/dynamics/random_arrays.hpp"
#include "synbal/network/generate.hpp"

namespace synbal::benchmark {

namespace {

/// Collective. The recurrent weights as PETSc's AIJ.
PetscMat aij_of(const Comm& comm, const Network& network) {
  std::vector<PetscInt> row_ptr, column;
  for (const auto start : network.row_ptr) row_ptr.push_back(static_cast<PetscInt>(start));
  for (const auto c : network.column) column.push_back(static_cast<PetscInt>(network.global(c)));
  const auto n = static_cast<PetscInt>(network.local_size()), size = static_cast<PetscInt>(network.size());
  Mat raw = nullptr;
  SYNBAL_PETSC(MatCreateMPIAIJWithArrays(comm.get(), n, n, size, size, row_ptr.data(), column.data(),
                                         network.weight.data(), &raw));
  return PetscMat::adopt(raw);
}

/// Collective. Seconds of MatMatMult with a dense block.
Spread petsc_product(const Comm& comm, const Network& network, int columns, int repeats) {
  const auto matrix = aij_of(comm, network);
  const auto n = static_cast<PetscInt>(network.local_size()), size = static_cast<PetscInt>(network.size());
  Mat raw = nullptr, product = nullptr;
  SYNBAL_PETSC(MatCreateDense(comm.get(), n, PETSC_DECIDE, size, columns, nullptr, &raw));
  const auto block = PetscMat::adopt(raw);
  SYNBAL_PETSC(MatSetRandom(block.get(), nullptr));
  SYNBAL_PETSC(MatMatMult(matrix.get(), block.get(), MAT_INITIAL_MATRIX, PETSC_DEFAULT, &product));
  const auto kept = PetscMat::adopt(product);
  return measure(comm, repeats, [&] {
    SYNBAL_PETSC(MatMatMult(matrix.get(), block.get(), MAT_REUSE_MATRIX, PETSC_DEFAULT, &product));
  });
}

/// Collective. The largest difference of a step of a linear network from what plain sums say, for one column.
double difference(const Comm& comm, const Network& network) {
  Dynamics dynamics(comm, network, {activation_of("linear"), 1.0, 1, 1}, {1, 16, {0}});
  std::vector<double> start(at(network.local_size()));
  for (std::size_t i = 0; i < start.size(); ++i)
    start[i] = std::sin(static_cast<double>(network.rows.first()) + static_cast<double>(i));
  for (std::int64_t c = 0; c < 16; ++c) dynamics.set_column(c, start);
  dynamics.advance(0, std::vector<double>(at(dynamics.inputs() * 16), 0.0));
  const auto all = with_ghosts(network.halo, std::span<const double>(start));
  const auto found = dynamics.column(11);  // with dt = tau it is J x
  double worst = 0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    double sum = 0;
    for (auto e = at(network.row_ptr[i]); e < at(network.row_ptr[i + 1]); ++e) {
      sum += network.weight[e] * all[at(network.column[e])];
    }
    worst = std::max(worst, std::abs(sum - found[i]));
  }
  return comm.max(worst);
}

int run(const Comm& comm, const GeneratorParams& params, int columns, int repeats) {
  auto network = generate(comm, params);
  for (auto& w : network.weight) w *= 1e-2;
  network.arrays.push_back(random_input_weights(comm, network, 2, 1));
  network.arrays.push_back(random_output_weights(comm, network, 2, 1));
  const double worst = difference(comm, network);
  Dynamics dynamics(comm, network, {activation_of("relu"), 0.1, 1, 1}, {1, columns, {0}});
  const std::vector<double> input(at(2 * columns), 1.0);
  std::int64_t step = 0;
  const auto stepping = measure(comm, repeats, [&] { dynamics.advance(step++, input); });
  const auto petsc = petsc_product(comm, network, columns, repeats);
  const double read = read_bandwidth(comm, repeats);
  const auto synapses = static_cast<double>(network.nnz), neurons = static_cast<double>(network.size());
  const double blocks = std::ceil(columns / 16.0), width = std::min(columns, 16);
  // Weights and columns once a block; what a synapse gathers; per neuron the state read and written, the rates written,
  // the sums written and read.
  const double bytes = blocks * (synapses * (12 + 8 * width) + neurons * (8 + 5 * 8 * width));
  const bool right = worst <= 1e-13;
  if (comm.is_root()) {
    const nlohmann::ordered_json result{{"benchmark", "simulate"},
                                        {"machine", machine(comm)},
                                        {"neurons", network.size()},
                                        {"synapses", network.nnz},
                                        {"columns", columns},
                                        {"seconds_per_step", json_of(stepping)},
                                        {"synapse_updates_per_second", synapses * columns / stepping.median},
                                        {"bytes_per_second", bytes / stepping.median},
                                        {"read_bytes_per_second", read},
                                        {"share_of_read_bandwidth", bytes / stepping.median / read},
                                        {"petsc_seconds_per_product", json_of(petsc)},
                                        {"petsc_updates_per_second", synapses * columns / petsc.median},
                                        {"largest_difference", worst},
                                        {"correct", right}};
    fmt::print("{}\n", result.dump(2));
  }
  return right ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Running networks against read bandwidth and PETSc", "benchmark_simulate"};
  GeneratorParams params;
  params.nodes = 1'000'000, params.degree = 20;
  int repeats = 11, columns = 16;
  app.add_option("--nodes", params.nodes, "neurons");
  app.add_option("--degree", params.degree, "in-degree");
  app.add_option("--kind", params.kind, "family of networks");
  app.add_option("--columns", columns, "runs side by side")->check(CLI::Range(1, 4096));
  app.add_option("--repeats", repeats, "timed steps, and products");
  CLI11_PARSE(app, argc, argv);
  const Session session("benchmark_simulate");
  return run(session.world(), params, columns, repeats);
}

}  // namespace synbal::benchmark

int main(int argc, char** argv) { return synbal::benchmark::main(argc, argv); }
