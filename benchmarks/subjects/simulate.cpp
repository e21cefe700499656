// Steps of a network that is run, many columns side by side.
#include <cmath>
#include <memory>

#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/core/halo.hpp"
#include "synbal/core/petsc.hpp"
#include "synbal/dynamics/dynamics.hpp"
#include "synbal/dynamics/random_arrays.hpp"

namespace synbal::benchmark {

namespace {
/// The recurrent weights as PETSc's AIJ, and a block that they are multiplied with.
struct DensePeer {
  PetscMat matrix, block, product;

  /// Collective.
  DensePeer(const Comm& comm, const Network& network, int columns) {
    std::vector<PetscInt> row_ptr, column;
    for (const auto start : network.row_ptr) row_ptr.push_back(static_cast<PetscInt>(start));
    for (const auto c : network.column) column.push_back(static_cast<PetscInt>(network.global(c)));
    const auto n = static_cast<PetscInt>(network.local_size()), size = static_cast<PetscInt>(network.size());
    Mat raw = nullptr;
    SYNBAL_PETSC(MatCreateMPIAIJWithArrays(comm.get(), n, n, size, size, row_ptr.data(), column.data(),
                                           network.weight.data(), &raw));
    matrix = PetscMat::adopt(raw);
    SYNBAL_PETSC(MatCreateDense(comm.get(), n, PETSC_DECIDE, size, columns, nullptr, &raw));
    block = PetscMat::adopt(raw);
    SYNBAL_PETSC(MatSetRandom(block.get(), nullptr));
    SYNBAL_PETSC(MatMatMult(matrix.get(), block.get(), MAT_INITIAL_MATRIX, PETSC_DEFAULT, &raw));
    product = PetscMat::adopt(raw);
  }

  void multiply() {
    Mat raw = product.get();
    SYNBAL_PETSC(MatMatMult(matrix.get(), block.get(), MAT_REUSE_MATRIX, PETSC_DEFAULT, &raw));
  }

  /// Collective. |A (B v) - (A B) v| / |A (B v)| for a vector of ones.
  [[nodiscard]] double error() const {
    Vec raw = nullptr;
    const auto vector = [&](Mat m, bool right) {
      SYNBAL_PETSC(right ? MatCreateVecs(m, &raw, nullptr) : MatCreateVecs(m, nullptr, &raw));
      return PetscVec::adopt(raw);
    };
    const auto ones = vector(block.get(), true), b = vector(block.get(), false), ab = vector(matrix.get(), false),
               direct = vector(product.get(), false);
    SYNBAL_PETSC(VecSet(ones.get(), 1.0));
    SYNBAL_PETSC(MatMult(block.get(), ones.get(), b.get()));
    SYNBAL_PETSC(MatMult(matrix.get(), b.get(), ab.get()));
    SYNBAL_PETSC(MatMult(product.get(), ones.get(), direct.get()));
    PetscReal size = 0, off = 0;
    SYNBAL_PETSC(VecNorm(ab.get(), NORM_2, &size));
    SYNBAL_PETSC(VecAXPY(direct.get(), -1.0, ab.get()));
    SYNBAL_PETSC(VecNorm(direct.get(), NORM_2, &off));
    return off / size;
  }
};

/// Collective. The largest difference of a step of a linear network from what plain sums say, for one column.
double difference(const Comm& comm, const Network& network) {
  Dynamics dynamics(comm, network, {activation_of("linear"), 1.0, 1, 1}, {1, 16, {0}});
  std::vector<double> start(at(network.local_size()));
  for (std::size_t i = 0; i < start.size(); ++i) {
    start[i] = std::sin(static_cast<double>(network.rows.first()) + static_cast<double>(i));
  }
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
}  // namespace

void measure_simulate(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  auto network = named_network(comm, name);
  for (auto& w : network.weight) w *= 1e-2;
  const auto facts = facts_of(comm, name, network);
  network.arrays.push_back(random_input_weights(comm, network, 2, 1));
  network.arrays.push_back(random_output_weights(comm, network, 2, 1));
  const double off = difference(comm, network);
  const int columns = choices.columns;
  Dynamics dynamics(comm, network, {activation_of("relu"), 0.1, 1, 1}, {1, columns, {0}});
  const std::vector<double> input(at(2 * columns), 1.0);
  std::int64_t step = 0;
  const auto synapses = static_cast<double>(network.nnz), neurons = static_cast<double>(network.size());
  const double blocks = std::ceil(columns / 16.0), width = std::min(columns, 16);
  // Weights and columns once a block; what a synapse gathers; per neuron the state read and written, the rates written,
  // the sums written and read.
  const double bytes = blocks * (synapses * (12 + 8 * width) + neurons * (8 + 5 * 8 * width));
  const auto figures = [&](const Sample& seconds) -> Json {
    return {{"columns", columns},
            {"synapse_updates_per_second", synapses * columns / seconds.median()},
            {"bytes_per_second", bytes / seconds.median()},
            {"share_of_read_bandwidth", bytes / seconds.median() / contest.limits().read_bandwidth}};
  };
  std::vector<Contender> contenders{{.name = "step",
                                     .run = [&](Phases&) { dynamics.advance(step++, input); },
                                     .verdict =
                                         [&] {
                                           return Verdict{"largest difference of a step from plain sums", off, 1e-13};
                                         },
                                     .figures = figures}};
  std::unique_ptr<DensePeer> peer;
  if (contest.settings().peers) peer = std::make_unique<DensePeer>(comm, network, columns);
  contenders.push_back(
      {.name = "PETSc MatMatMult with a dense block (the product alone)",
       .peer = true,
       .run = [&](Phases&) { peer->multiply(); },
       .verdict =
           [&] {
             return Verdict{"relative error against MatMult", peer->error(), 1e-12};
           },
       .figures = [&](const Sample& seconds) -> Json {
         return {{"columns", columns}, {"synapse_updates_per_second", synapses * columns / seconds.median()}};
       }});
  contest.hold({"simulate", facts}, std::move(contenders));
}

}  // namespace synbal::benchmark
