// Parameters of malloc.
#include "synbal/core/heap.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>

#include "synbal/core/huge_pages.hpp"

namespace synbal {

namespace {
constexpr int kMost = 1 << 16;            // mappings; the kernel's own limit is 65,530
constexpr int kLargestInHeap = 32 << 20;  // malloc takes no more
constexpr int kKept = 512 << 20;          // free at the heap's top
constexpr std::size_t kLargeBlock = 2 * kHugePage;

std::atomic<bool> huge_blocks{false};

}  // namespace

// SuperLU_DIST forbids mapped blocks as it is loaded.
void use_heap(HeapUse use) noexcept {
  huge_blocks = use == HeapUse::least_memory;
  ::mallopt(M_MMAP_MAX, kMost);
  ::mallopt(M_MMAP_THRESHOLD, use == HeapUse::least_memory ? static_cast<int>(kHugePage) : kLargestInHeap);
  ::mallopt(M_TRIM_THRESHOLD, kKept);
}

void* allocate_block(std::size_t bytes) noexcept {
  if (bytes < kLargeBlock || !huge_blocks.load(std::memory_order_relaxed)) return std::malloc(bytes);
  return try_allocate_huge(bytes);
}

}  // namespace synbal
