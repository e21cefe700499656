// Bodies of the collectives: typed, split into pieces below 2^31 bytes.
#include "synbal/core/comm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "synbal/core/error.hpp"
#include "synbal/core/tags.hpp"

namespace synbal {

namespace {
constexpr std::int64_t kPieceBytes = std::int64_t{1} << 29;

/// Calls post(first, count) for consecutive pieces of at most kPieceBytes.
template <class T, class Post>
void in_pieces(std::int64_t total, Post&& post) {
  const auto step = kPieceBytes / static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t first = 0; first < total; first += step) {
    post(first, static_cast<int>(std::min(step, total - first)));
  }
}
}  // namespace

void check_mpi(int code, const char* expression, const char* file, int line) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw internal_error(fmt::format("{} failed at {}:{} ({})", expression, file, line, text));
}

Comm::Comm(MPI_Comm comm) {
  SYNBAL_MPI(MPI_Comm_dup(comm, &comm_));
  SYNBAL_MPI(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
  SYNBAL_MPI(MPI_Comm_rank(comm_, &rank_));
  SYNBAL_MPI(MPI_Comm_size(comm_, &size_));
}

Comm::Comm(Comm&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)), rank_(other.rank_), size_(other.size_) {}

Comm& Comm::operator=(Comm&& other) noexcept {
  std::swap(comm_, other.comm_);
  std::swap(rank_, other.rank_);
  std::swap(size_, other.size_);
  return *this;
}

Comm::~Comm() {
  if (comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
}

void Comm::barrier() const { SYNBAL_MPI(MPI_Barrier(comm_)); }

template <class T>
T Comm::reduce(T value, MPI_Op op) const {
  reduce(std::span<T>(&value, 1), op);
  return value;
}

template <class T>
void Comm::reduce(std::span<T> values, MPI_Op op) const {
  in_pieces<T>(std::ssize(values), [&](std::int64_t first, int count) {
    SYNBAL_MPI(MPI_Allreduce(MPI_IN_PLACE, values.data() + first, count, mpi_type<T>(), op, comm_));
  });
}

template <class T>
T Comm::sum_below(T value) const {
  T below{};
  SYNBAL_MPI(MPI_Exscan(&value, &below, 1, mpi_type<T>(), MPI_SUM, comm_));
  return rank_ == 0 ? T{} : below;
}

template <class T>
T Comm::broadcast(T value, Rank root) const {
  SYNBAL_MPI(MPI_Bcast(&value, 1, mpi_type<T>(), root, comm_));
  return value;
}

std::string Comm::broadcast(std::string text, Rank root) const {
  text.resize(static_cast<std::size_t>(broadcast(std::ssize(text), root)));
  in_pieces<char>(std::ssize(text), [&](std::int64_t first, int count) {
    SYNBAL_MPI(MPI_Bcast(text.data() + first, count, MPI_CHAR, root, comm_));
  });
  return text;
}

template <class T>
std::vector<T> Comm::gather_all(T value) const {
  std::vector<T> all(at(size_));
  SYNBAL_MPI(MPI_Allgather(&value, 1, mpi_type<T>(), all.data(), 1, mpi_type<T>(), comm_));
  return all;
}

template <class T>
std::vector<T> Comm::gather_all(std::span<const T> values) const {
  const auto counts = gather_all(static_cast<std::int32_t>(values.size()));
  std::vector<std::int32_t> offsets(counts.size(), 0);
  std::partial_sum(counts.begin(), counts.end() - 1, offsets.begin() + 1);
  std::vector<T> all(at(offsets.back() + counts.back()));
  SYNBAL_MPI(MPI_Allgatherv(values.data(), counts[at(rank_)], mpi_type<T>(), all.data(), counts.data(), offsets.data(),
                            mpi_type<T>(), comm_));
  return all;
}

template <class T>
std::vector<T> Comm::all_to_all(std::span<const T> values) const {
  std::vector<T> received(at(size_));
  SYNBAL_MPI(MPI_Alltoall(values.data(), 1, mpi_type<T>(), received.data(), 1, mpi_type<T>(), comm_));
  return received;
}

void Comm::exchange_bytes(std::span<const std::byte> out, std::span<const std::int64_t> out_counts,
                          std::span<std::byte> in, std::span<const std::int64_t> in_counts, std::size_t size) const {
  std::vector<MPI_Request> requests;
  const auto bytes_of = [&](std::span<const std::int64_t> counts, Rank r) {
    return counts[at(r)] * static_cast<std::int64_t>(size);
  };
  std::byte* own = nullptr;
  auto* into = in.data();
  for (Rank r = 0; r < size_; into += bytes_of(in_counts, r), ++r) {
    if (r == rank_) own = into;
    in_pieces<std::byte>(r == rank_ ? 0 : bytes_of(in_counts, r), [&](std::int64_t first, int piece) {
      SYNBAL_MPI(MPI_Irecv(into + first, piece, MPI_BYTE, r, tag::exchange, comm_, &requests.emplace_back()));
    });
  }
  const auto* from = out.data();
  for (Rank r = 0; r < size_; from += bytes_of(out_counts, r), ++r) {
    if (r == rank_) std::copy_n(from, bytes_of(out_counts, r), own);
    in_pieces<std::byte>(r == rank_ ? 0 : bytes_of(out_counts, r), [&](std::int64_t first, int piece) {
      SYNBAL_MPI(MPI_Isend(from + first, piece, MPI_BYTE, r, tag::exchange, comm_, &requests.emplace_back()));
    });
  }
  SYNBAL_MPI(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE));
}

#define SYNBAL_INSTANTIATE(T)                                         \
  template T Comm::reduce(T, MPI_Op) const;                           \
  template void Comm::reduce(std::span<T>, MPI_Op) const;             \
  template T Comm::sum_below(T) const;                                \
  template T Comm::broadcast(T, Rank) const;                          \
  template std::vector<T> Comm::gather_all(T) const;                  \
  template std::vector<T> Comm::gather_all(std::span<const T>) const; \
  template std::vector<T> Comm::all_to_all(std::span<const T>) const;
SYNBAL_INSTANTIATE(double)
SYNBAL_INSTANTIATE(std::int32_t)
SYNBAL_INSTANTIATE(std::int64_t)
SYNBAL_INSTANTIATE(std::uint64_t)
SYNBAL_INSTANTIATE(std::uint32_t)
SYNBAL_INSTANTIATE(std::uint8_t)
SYNBAL_INSTANTIATE(char)
#undef SYNBAL_INSTANTIATE

}  // namespace synbal
