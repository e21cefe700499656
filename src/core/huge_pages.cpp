// Huge pages through madvise; without them the memory is as good as any.
#include "synbal/core/huge_pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace synbal {

void* try_allocate_huge(std::size_t bytes) noexcept {
  const bool huge = bytes >= 2 * kHugePage;
  const std::size_t alignment = huge ? kHugePage : 64;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (huge && memory != nullptr) {
    ::madvise(memory, rounded, MADV_HUGEPAGE);  // advice only: a refusal costs speed, nothing else
  }
  return memory;
}

void* allocate_huge(std::size_t bytes) {
  void* memory = try_allocate_huge(bytes);
  if (memory == nullptr && bytes > 0) throw std::bad_alloc();
  return memory;
}

void free_huge(void* memory) noexcept { std::free(memory); }

void give_back(void* begin, void* end) noexcept {
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
  const auto last = reinterpret_cast<std::uintptr_t>(end) / page * page;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): pages are found by rounding addresses
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace synbal
