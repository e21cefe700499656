// Factorisation row by row, and the two sweeps.
#include "laplacian/incomplete.hpp"

#include <algorithm>
#include <cmath>

#include "laplacian/width.hpp"

namespace synbal::laplacian {

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

constexpr int kUpwardTag = 24;
constexpr int kDownwardTag = 25;
constexpr double kLeastPivot = 1e-7;        // of the diagonal: the last pivot of a component without ground may vanish
constexpr std::int64_t kUpdateBudget = 60;  // operations per entry that updates of entries may cost

}  // namespace

struct IncompleteCholesky::Body {
  explicit Body(const ConductanceGraph& g) : graph(g), n(g.size()) {
    for (const auto& peer : g.halo().receives()) {
      if (peer.rank < g.comm().rank()) below.push_back(peer), ghosts += peer.count;
    }
    for (const auto& peer : g.halo().sends()) {
      if (peer.rank > g.comm().rank()) above.push_back(peer);
    }
    take_lower_triangle();
    factorise();
  }

  // Neighbours with smaller global index, ascending: ghosts of lower ranks are the first ghosts, and come first.
  void take_lower_triangle() {
    row_ptr.reserve(at(n) + 1);
    const auto entries = at(n > 0 ? graph.row_end(n - 1) : 0) / 2 + at(n);  // nearly half, or the vectors grow
    column.reserve(entries), value.reserve(entries);
    for (LocalIndex i = 0; i < n; ++i) {
      for (auto e = graph.row_remote(i); e < graph.row_end(i) && graph.neighbour()[e] < n + ghosts; ++e) put(e);
      for (auto e = graph.row_begin(i); e < graph.row_remote(i) && graph.neighbour()[e] < i; ++e) put(e);
      row_ptr.push_back(static_cast<std::int64_t>(column.size()));
    }
  }
  void put(std::int64_t e) {
    column.push_back(graph.neighbour()[e]);
    value.push_back(graph.conductance()[e]);
  }

  /// Operations of the updates of entries by rows of this rank.
  [[nodiscard]] std::int64_t update_cost() const {
    std::int64_t cost = 0;
    for (const auto k : column) cost += k < n ? row_ptr[at(k) + 1] - row_ptr[at(k)] : 0;
    return cost;
  }

  // t_ik = w_ik + sum_j t_ij t_kj / d_j over common lower neighbours j; d_i = degree_i - sum_k t_ik^2 / d_k; then
  // t_ik / sqrt(d_i d_k). Hubs make the sum too dear: then only the pivots are updated.
  void factorise() {
    const bool updates = update_cost() <= kUpdateBudget * static_cast<std::int64_t>(column.size() + at(n));
    std::vector<double> pivot(at(n + ghosts), 1.0);
    std::vector<std::int64_t> place(updates ? at(n + ghosts) : 0, -1);
    receive_from_below(pivot, 1);
    for (LocalIndex i = 0; i < n; ++i) {
      const auto begin = at(row_ptr[at(i)]), end = at(row_ptr[at(i) + 1]);
      for (auto e = begin; updates && e < end; ++e) place[at(column[e])] = static_cast<std::int64_t>(e);
      double d = graph.degree()[at(i)];
      for (auto e = begin; e < end; ++e) {
        const auto k = column[e];
        if (updates && k < n) value[e] += common(place, pivot, k);
        d -= value[e] * value[e] / pivot[at(k)];
      }
      for (auto e = begin; updates && e < end; ++e) place[at(column[e])] = -1;
      const double degree = graph.degree()[at(i)];
      pivot[at(i)] = degree > 0 ? std::max(d, kLeastPivot * degree) : 1.0;
    }
    send_above(pivot, 1);
    scale(pivot);
  }

  [[nodiscard]] double common(const std::vector<std::int64_t>& place, const std::vector<double>& pivot,
                              LocalIndex k) const {
    double sum = 0;
    for (auto f = at(row_ptr[at(k)]); f < at(row_ptr[at(k) + 1]); ++f) {
      if (const auto e = place[at(column[f])]; e >= 0) sum += value[at(e)] * value[f] / pivot[at(column[f])];
    }
    return sum;
  }

  void scale(std::vector<double>& pivot) {
    for (auto& d : pivot) d = 1 / std::sqrt(d);
    coefficient.reserve(value.size());
    for (LocalIndex i = 0; i < n; ++i) {
      for (auto e = at(row_ptr[at(i)]); e < at(row_ptr[at(i) + 1]); ++e) {
        coefficient.push_back(static_cast<float>(value[e] * pivot[at(i)] * pivot[at(column[e])]));
      }
    }
    value = {};
    pivot.resize(at(n));
    inverse_root = std::move(pivot);
  }

  /// Waits for what lower ranks say about their nodes that are ghosts here.
  void receive_from_below(std::span<double> values, int m) {
    for (const auto& peer : below) {
      SYNBAL_MPI(MPI_Recv(&values[at(n + peer.first) * at(m)], peer.count * m, MPI_DOUBLE, peer.rank, kUpwardTag,
                          graph.halo().comm(), MPI_STATUS_IGNORE));
    }
  }
  void send_above(std::span<const double> values, int m) {
    const auto indices = graph.halo().send_indices();
    for (const auto& peer : above) {
      auto* out = make_room(peer.count * m);
      for (const auto i : indices.subspan(at(peer.first), at(peer.count)))
        out = std::copy_n(&values[at(i) * at(m)], m, out);
      send(peer.rank, kUpwardTag);
    }
    wait();
  }
  /// Adds what higher ranks have for this rank's nodes.
  void add_from_above(std::span<double> values, int m) {
    const auto indices = graph.halo().send_indices();
    for (const auto& peer : above) {
      const auto* in = make_room(peer.count * m);
      SYNBAL_MPI(MPI_Recv(buffers.back().data(), peer.count * m, MPI_DOUBLE, peer.rank, kDownwardTag,
                          graph.halo().comm(), MPI_STATUS_IGNORE));
      for (const auto i : indices.subspan(at(peer.first), at(peer.count))) {
        for (int k = 0; k < m; ++k) values[at(i) * at(m) + at(k)] += *in++;
      }
    }
    wait();
  }
  void send_below(std::span<const double> values, int m) {
    for (const auto& peer : below) {
      SYNBAL_MPI(MPI_Isend(&values[at(n + peer.first) * at(m)], peer.count * m, MPI_DOUBLE, peer.rank, kDownwardTag,
                           graph.halo().comm(), &requests.emplace_back()));
    }
    wait();
  }
  double* make_room(int count) { return buffers.emplace_back(at(count)).data(); }
  void send(Rank to, int tag) {
    SYNBAL_MPI(MPI_Isend(buffers.back().data(), static_cast<int>(buffers.back().size()), MPI_DOUBLE, to, tag,
                         graph.halo().comm(), &requests.emplace_back()));
  }
  void wait() {
    SYNBAL_MPI(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE));
    requests.clear(), buffers.clear();
  }

  template <int M>
  void forward(std::span<const double> r) {
    const double* from = r.data();
    double* yi = y.data();
    for (LocalIndex i = 0; i < n; ++i, from += M, yi += M) {
      double sum[M];
      for (int k = 0; k < M; ++k) sum[k] = inverse_root[at(i)] * from[k];
      for (auto e = row_ptr[at(i)]; e < row_ptr[at(i) + 1]; ++e) {
        const double t = coefficient[at(e)];
        const double* yj = &y[at(column[at(e)]) * at(M)];
        for (int k = 0; k < M; ++k) sum[k] += t * yj[k];
      }
      for (int k = 0; k < M; ++k) yi[k] = sum[k];
    }
  }

  template <int M>
  void backward(std::span<double> u) {
    for (LocalIndex i = n; i-- > 0;) {
      double zi[M];
      std::copy_n(&y[at(i) * at(M)], M, zi);
      for (int k = 0; k < M; ++k) u[at(i) * at(M) + at(k)] = inverse_root[at(i)] * zi[k];
      for (auto e = row_ptr[at(i)]; e < row_ptr[at(i) + 1]; ++e) {
        const double t = coefficient[at(e)];
        double* yj = &y[at(column[at(e)]) * at(M)];
        for (int k = 0; k < M; ++k) yj[k] += t * zi[k];
      }
    }
  }

  void apply(std::span<const double> r, std::span<double> u, int m) {
    y.resize(at(n + ghosts) * at(m));
    receive_from_below(y, m);
    with_width(m, [&](auto width) { forward<width>(r); });
    send_above(y, m);
    std::fill(y.begin() + static_cast<std::ptrdiff_t>(at(n) * at(m)), y.end(), 0.0);
    add_from_above(y, m);
    with_width(m, [&](auto width) { backward<width>(u); });
    send_below(y, m);
  }

  const ConductanceGraph& graph;
  LocalIndex n, ghosts = 0;              // ghosts: those of lower ranks
  std::vector<Halo::Peer> below, above;  // ranks that the forward sweep waits for, and that wait for this one
  std::vector<std::int64_t> row_ptr{0};
  HugeVector<LocalIndex> column;
  HugeVector<double> value;  // during the factorisation
  HugeVector<float> coefficient;
  std::vector<double> inverse_root;  // [n] D^-1/2
  HugeVector<double> y;              // [(n + ghosts) * columns]
  std::vector<std::vector<double>> buffers;
  std::vector<MPI_Request> requests;
};

IncompleteCholesky::IncompleteCholesky(const ConductanceGraph& graph) : body_(std::make_unique<Body>(graph)) {}
IncompleteCholesky::~IncompleteCholesky() = default;

void IncompleteCholesky::apply(std::span<const double> r, std::span<double> u, int columns) {
  body_->apply(r, u, columns);
}

}  // namespace synbal::laplacian
