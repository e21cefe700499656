// A communicator and the few collectives the program uses, with large counts and typed arguments.
// No PETSc header may be included before this one is used: PETSc turns MPI functions into macros.
#pragma once

#include <mpi.h>

#include <concepts>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "synbal/core/types.hpp"

namespace synbal {

/// The MPI datatype of a plain type.
template <class T>
[[nodiscard]] MPI_Datatype mpi_type() {
  if constexpr (std::same_as<T, double>) return MPI_DOUBLE;
  if constexpr (std::same_as<T, std::int32_t>) return MPI_INT32_T;
  if constexpr (std::same_as<T, std::int64_t>) return MPI_INT64_T;
  if constexpr (std::same_as<T, std::uint64_t>) return MPI_UINT64_T;
  if constexpr (std::same_as<T, std::uint32_t>) return MPI_UINT32_T;
  if constexpr (std::same_as<T, std::uint8_t>) return MPI_UINT8_T;
  if constexpr (std::same_as<T, char>) return MPI_CHAR;
  return MPI_DATATYPE_NULL;
}

/// Throws internal_error with the expression and the place when an MPI call fails.
void check_mpi(int code, const char* expression, const char* file, int line);
#define SYNBAL_MPI(call) ::synbal::check_mpi((call), #call, __FILE__, __LINE__)

/// What a variable all-to-all brought: `values` ordered by source rank, `counts[r]` of them from rank r.
template <class T>
struct Received {
  std::vector<T> values;
  std::vector<std::int64_t> counts;
};

/// A duplicated communicator, freed with the object. Every member function but rank(), size() and get() is Collective.
class Comm {
 public:
  /// Collective over `comm`.
  explicit Comm(MPI_Comm comm);
  Comm(Comm&& other) noexcept;
  Comm& operator=(Comm&& other) noexcept;
  Comm(const Comm&) = delete;
  Comm& operator=(const Comm&) = delete;
  ~Comm();

  [[nodiscard]] Rank rank() const noexcept { return rank_; }
  [[nodiscard]] int size() const noexcept { return size_; }
  [[nodiscard]] MPI_Comm get() const noexcept { return comm_; }
  [[nodiscard]] bool is_root() const noexcept { return rank_ == 0; }

  void barrier() const;

  /// All global sums of the program go through these two, so that their order can be fixed in one place.
  template <class T>
  [[nodiscard]] T sum(T value) const {
    return reduce(value, MPI_SUM);
  }
  template <class T>
  void sum(std::span<T> values) const {
    reduce(values, MPI_SUM);
  }

  template <class T>
  [[nodiscard]] T max(T value) const {
    return reduce(value, MPI_MAX);
  }
  template <class T>
  void max(std::span<T> values) const {
    reduce(values, MPI_MAX);
  }
  template <class T>
  [[nodiscard]] T min(T value) const {
    return reduce(value, MPI_MIN);
  }
  [[nodiscard]] bool any(bool value) const { return max(static_cast<std::int32_t>(value)) != 0; }

  /// Sum over the ranks below this one; 0 on rank 0.
  template <class T>
  [[nodiscard]] T sum_below(T value) const;

  template <class T>
  [[nodiscard]] T broadcast(T value, Rank root) const;
  [[nodiscard]] std::string broadcast(std::string text, Rank root) const;

  /// One value of every rank, in rank order.
  template <class T>
  [[nodiscard]] std::vector<T> gather_all(T value) const;
  /// All values of all ranks, in rank order, on every rank: for small data (tests, tables of P entries).
  template <class T>
  [[nodiscard]] std::vector<T> gather_all(std::span<const T> values) const;

  /// values[r] goes to rank r; result[r] came from rank r.
  template <class T>
  [[nodiscard]] std::vector<T> all_to_all(std::span<const T> values) const;
  /// Variable all-to-all of any size: the first counts[0] values go to rank 0, the next counts[1] to rank 1, ... T may
  /// be any record that can be copied byte by byte (all ranks run on machines of one kind).
  template <class T>
  [[nodiscard]] Received<T> exchange(std::span<const T> values, std::span<const std::int64_t> counts) const {
    Received<T> received{{}, all_to_all(counts)};
    received.values = exchange(values, counts, received.counts);
    return received;
  }
  /// The same where every rank knows already how much it gets: `expected[r]` from rank r.
  template <class T>
  [[nodiscard]] std::vector<T> exchange(std::span<const T> values, std::span<const std::int64_t> counts,
                                        std::span<const std::int64_t> expected) const {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> received(at(std::accumulate(expected.begin(), expected.end(), std::int64_t{0})));
    exchange_bytes(std::as_bytes(values), counts, std::as_writable_bytes(std::span(received)), expected, sizeof(T));
    return received;
  }

 private:
  void exchange_bytes(std::span<const std::byte> out, std::span<const std::int64_t> out_counts, std::span<std::byte> in,
                      std::span<const std::int64_t> in_counts, std::size_t size) const;
  template <class T>
  [[nodiscard]] T reduce(T value, MPI_Op op) const;
  template <class T>
  void reduce(std::span<T> values, MPI_Op op) const;

  MPI_Comm comm_ = MPI_COMM_NULL;
  Rank rank_ = 0;
  int size_ = 1;
};

}  // namespace synbal
