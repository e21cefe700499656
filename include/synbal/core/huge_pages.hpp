// Memory for large arrays: huge pages, where the system grants them, spare those that are read at random a page-table
// walk per access; those that are consumed from the front give their pages back on the way.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace synbal {

inline constexpr std::size_t kHugePage = std::size_t{2} << 20;  ///< bytes of one

/// Allocates `bytes`, aligned to 64 bytes; from 4 MiB on to 2 MiB and advised as huge pages. @throws std::bad_alloc.
void* allocate_huge(std::size_t bytes);
/// The same; null where there is no memory.
void* try_allocate_huge(std::size_t bytes) noexcept;
void free_huge(void* memory) noexcept;

/// Gives the whole pages of [begin, end) back to the system; what is read there afterwards is 0. For heap memory only.
void give_back(void* begin, void* end) noexcept;

/// The part of a vector that has been read for the last time. It stays allocated, and its memory is someone else's.
template <class T>
void give_back(std::span<T> consumed) noexcept {
  give_back(consumed.data(), consumed.data() + consumed.size());
}

/// A standard allocator over allocate_huge().
template <class T>
struct HugePageAllocator {
  using value_type = T;  // NOLINT: the standard's name
  HugePageAllocator() = default;
  template <class U>
  explicit HugePageAllocator(const HugePageAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_huge(n * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { free_huge(memory); }
  /// resize() leaves plain values as they come: the pages are touched first by who fills them, and once.
  template <class U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Args>
  void construct(U* place, Args&&... args) {
    ::new (static_cast<void*>(place)) U(std::forward<Args>(args)...);
  }
  template <class U>
  bool operator==(const HugePageAllocator<U>&) const noexcept {
    return true;
  }
};

/// A vector for the large arrays of the kernels; resize() does not zero plain values.
template <class T>
using HugeVector = std::vector<T, HugePageAllocator<T>>;

}  // namespace synbal
