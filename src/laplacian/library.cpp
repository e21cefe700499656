// The Laplacian as a PETSc matrix, and BoomerAMG or MUMPS on it.
#include "laplacian/library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "synbal/core/log.hpp"
#include "synbal/core/petsc.hpp"

namespace synbal::laplacian {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// Sets a PETSc option unless the user did.
void set_default(const std::string& name, const char* value) {
  PetscBool given = PETSC_FALSE;
  SYNBAL_PETSC(PetscOptionsHasName(nullptr, nullptr, name.c_str(), &given));
  if (given == PETSC_FALSE) SYNBAL_PETSC(PetscOptionsSetValue(nullptr, name.c_str(), value));
}

// BoomerAMG with settings that hold on expanders and lattices alike, with iteration counts independent of the number of
// ranks; l1-Jacobi on the coarsest level because L is singular.
void choose_multigrid(PC pc) {
  SYNBAL_PETSC(PCSetType(pc, PCHYPRE));
  SYNBAL_PETSC(PCHYPRESetType(pc, "boomeramg"));
  const std::pair<const char*, const char*> settings[] = {{"coarsen_type", "PMIS"},
                                                          {"interp_type", "ext+i"},
                                                          {"agg_nl", "2"},
                                                          {"P_max", "4"},
                                                          {"strong_threshold", "0.5"},
                                                          {"relax_type_all", "l1scaled-Jacobi"},
                                                          {"relax_type_coarse", "l1scaled-Jacobi"}};
  for (const auto& [name, value] : settings) {
    set_default(fmt::format("-{}pc_hypre_boomeramg_{}", kPetscPrefix, name), value);
  }
}

void choose_direct(PC pc) {
  SYNBAL_PETSC(PCSetType(pc, PCCHOLESKY));
  SYNBAL_PETSC(PCFactorSetMatSolverType(pc, MATSOLVERMUMPS));
}

/// Rows of this rank with global columns in ascending order.
struct PetscRows {
  std::vector<PetscInt> row_ptr{0}, column;
  std::vector<PetscScalar> value;
};

}  // namespace

bool user_chose_preconditioner() {
  PetscBool given = PETSC_FALSE;
  SYNBAL_PETSC(PetscOptionsHasName(nullptr, kPetscPrefix, "-pc_type", &given));
  return given == PETSC_TRUE;
}

struct LibraryPreconditioner::Body {
  Body(const ConductanceGraph& g, Preconditioner k) : graph(g), kind(k), comm(g.comm().get()), n(g.size()) {}

  /// Collective. A set-up that fails on some ranks only leaves PETSc's caches of this communicator out of step; nothing
  /// else uses it.
  bool set_up() {
    if (exceeds_petsc_int()) return false;
    const bool made = attempt([&] {
      make_preconditioner();
      assemble();
    });
    if (graph.comm().any(!made)) return false;
    const bool set = attempt([&] {
      SYNBAL_PETSC(PCSetOperators(pc.get(), matrix.get(), matrix.get()));
      SYNBAL_PETSC(PCSetUp(pc.get()));
    });
    return !graph.comm().any(!set);
  }

  template <class Work>
  bool attempt(Work&& work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      log_debug("laplacian: the {} preconditioner could not be set up: {}", to_string(kind), error.what());
      return false;
    }
  }

  /// Collective.
  [[nodiscard]] bool exceeds_petsc_int() const {
    const auto entries = (n > 0 ? graph.row_end(n - 1) : 0) + n;
    const bool exceeds =
        graph.comm().any(std::max<std::int64_t>(entries, graph.global_size()) > std::numeric_limits<PetscInt>::max());
    if (exceeds) log_debug("laplacian: more entries or nodes than PETSc's 32-bit indices count");
    return exceeds;
  }

  void make_preconditioner() {
    PC raw = nullptr;
    SYNBAL_PETSC(PCCreate(comm.get(), &raw));
    pc = PetscPc::adopt(raw);
    SYNBAL_PETSC(PCSetOptionsPrefix(raw, kPetscPrefix));
    if (!user_chose_preconditioner()) kind == Preconditioner::direct ? choose_direct(raw) : choose_multigrid(raw);
    SYNBAL_PETSC(PCSetFromOptions(raw));
  }

  /// Powers of two only. A factorisation wants a unit diagonal; hypre dislikes that, but wants numbers of order one.
  std::vector<double> choose_scaling() {
    double largest = 0;
    for (const double d : graph.degree()) largest = std::max(largest, d);
    largest = graph.comm().max(largest);
    const double common = largest > 0 ? std::exp2(-std::floor(std::log2(largest) / 2)) : 1.0;
    scaling.assign(at(n), common);
    for (LocalIndex i = 0; i < n && kind == Preconditioner::direct; ++i) {
      const double d = graph.degree()[at(i)];
      if (d > 0) scaling[at(i)] = std::exp2(-std::round(std::log2(d) / 2));
    }
    std::vector<double> all = scaling;
    all.resize(at(n) + graph.halo().ghosts().size());
    HaloExchange<double>(graph.halo()).forward(scaling, std::span(all).subspan(at(n)));
    return all;
  }

  // S L S. A factorisation of the singular L needs a pivot; it only preconditions, so the solution does not feel the
  // lift.
  PetscRows scaled_rows() {
    const auto scale = choose_scaling();
    const double lift = kind == Preconditioner::direct ? 1 + 1e-14 : 1.0;
    PetscRows rows;
    rows.row_ptr.reserve(at(n) + 1);
    const auto entries = at(n > 0 ? graph.row_end(n - 1) : 0) + at(n);
    rows.column.reserve(entries), rows.value.reserve(entries);
    for (LocalIndex i = 0; i < n; ++i) {
      const auto first = graph.nodes().first();
      const auto put = [&](std::int64_t e) {
        const auto j = graph.neighbour()[e];
        rows.column.push_back(static_cast<PetscInt>(graph.global(j)));
        rows.value.push_back(-graph.conductance()[e] * scale[at(i)] * scale[at(j)]);
      };
      auto ghost = graph.row_remote(i);
      for (; ghost < graph.row_end(i) && graph.global(graph.neighbour()[ghost]) < first; ++ghost) put(ghost);
      auto own = graph.row_begin(i);
      for (; own < graph.row_remote(i) && graph.neighbour()[own] < i; ++own) put(own);
      const double d = graph.degree()[at(i)];
      rows.column.push_back(static_cast<PetscInt>(first + i));
      rows.value.push_back(d > 0 ? d * scale[at(i)] * scale[at(i)] * lift : 1.0);
      for (; own < graph.row_remote(i); ++own) put(own);
      for (; ghost < graph.row_end(i); ++ghost) put(ghost);
      rows.row_ptr.push_back(static_cast<PetscInt>(rows.column.size()));
    }
    return rows;
  }

  void assemble() {
    const auto rows = scaled_rows();
    const auto size = static_cast<PetscInt>(graph.global_size());
    Mat raw = nullptr;
    SYNBAL_PETSC(MatCreate(comm.get(), &raw));
    matrix = PetscMat::adopt(raw);
    SYNBAL_PETSC(MatSetSizes(raw, n, n, size, size));
    SYNBAL_PETSC(MatSetType(raw, MATAIJ));
    SYNBAL_PETSC(MatSeqAIJSetPreallocationCSR(raw, rows.row_ptr.data(), rows.column.data(), rows.value.data()));
    SYNBAL_PETSC(MatMPIAIJSetPreallocationCSR(raw, rows.row_ptr.data(), rows.column.data(), rows.value.data()));
    SYNBAL_PETSC(MatSetOption(raw, MAT_SYMMETRIC, PETSC_TRUE));
    SYNBAL_PETSC(MatSetOption(raw, MAT_SPD, PETSC_TRUE));
    Vec in = nullptr, out = nullptr;
    SYNBAL_PETSC(MatCreateVecs(raw, &in, &out));
    right = PetscVec::adopt(in);
    left = PetscVec::adopt(out);
  }

  void apply(std::span<const double> r, std::span<double> u, std::size_t columns) {
    for (std::size_t k = 0; k < columns; ++k) {
      PetscScalar* to = nullptr;
      SYNBAL_PETSC(VecGetArrayWrite(right.get(), &to));
      for (std::size_t i = 0; i < at(n); ++i) to[i] = scaling[i] * r[i * columns + k];
      SYNBAL_PETSC(VecRestoreArrayWrite(right.get(), &to));
      SYNBAL_PETSC(PCApply(pc.get(), right.get(), left.get()));
      const PetscScalar* from = nullptr;
      SYNBAL_PETSC(VecGetArrayRead(left.get(), &from));
      for (std::size_t i = 0; i < at(n); ++i) u[i * columns + k] = scaling[i] * from[i];
      SYNBAL_PETSC(VecRestoreArrayRead(left.get(), &from));
    }
  }

  const ConductanceGraph& graph;
  Preconditioner kind;
  Comm comm;  // outlives the PETSc objects below
  LocalIndex n;
  std::vector<double> scaling;
  PetscMat matrix;
  PetscPc pc;
  PetscVec right, left;
  bool ready = false;
};

LibraryPreconditioner::LibraryPreconditioner(const ConductanceGraph& graph, Preconditioner kind)
    : body_(std::make_unique<Body>(graph, kind)) {
  body_->ready = body_->set_up();
}
LibraryPreconditioner::~LibraryPreconditioner() = default;

bool LibraryPreconditioner::ready() const noexcept { return body_->ready; }

std::string LibraryPreconditioner::name() const {
  if (!user_chose_preconditioner()) return to_string(body_->kind);
  PCType type = nullptr;
  SYNBAL_PETSC(PCGetType(body_->pc.get(), &type));
  return type == nullptr ? "none" : type;
}

void LibraryPreconditioner::apply(std::span<const double> r, std::span<double> u, int columns) {
  body_->apply(r, u, at(columns));
}

}  // namespace synbal::laplacian
