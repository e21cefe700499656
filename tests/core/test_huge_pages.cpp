// Memory for large arrays: what is given back, and where large blocks lie.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>

#include "support/mpi_test.hpp"
#include "synbal/core/heap.hpp"
#include "synbal/core/huge_pages.hpp"

namespace synbal {
namespace {

constexpr std::size_t kCount = std::size_t{1} << 21;  // 16 MiB of doubles

/// Whole pages of `values` that are in memory.
std::int64_t resident(std::span<const double> values) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = (reinterpret_cast<std::uintptr_t>(values.data()) + page - 1) / page * page;
  const auto last = reinterpret_cast<std::uintptr_t>(values.data() + values.size()) / page * page;
  std::vector<unsigned char> there((last - first) / page);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): pages are found by rounding addresses
  EXPECT_EQ(::mincore(reinterpret_cast<void*>(first), last - first, there.data()), 0);
  return std::ranges::count_if(there, [](unsigned char c) { return (c & 1) != 0; });
}

TEST(HugePages, what_is_given_back_is_zero_and_takes_no_memory) {
  std::vector<double> values(kCount);
  std::iota(values.begin(), values.end(), 1.0);
  const auto middle = std::span(values).subspan(kCount / 4, kCount / 2);
  EXPECT_GT(resident(middle), 0);
  give_back(middle);
  EXPECT_EQ(resident(middle), 0);
  EXPECT_EQ(values[kCount / 2], 0.0);
  EXPECT_GT(values[kCount / 4 - 1], 0.0);
  EXPECT_EQ(values.back(), static_cast<double>(kCount));
}

bool begins_huge_page(const void* block) { return reinterpret_cast<std::uintptr_t>(block) % kHugePage == 0; }

TEST(Heap, large_blocks_lie_in_huge_pages_where_memory_counts) {
  use_heap(HeapUse::least_memory);
  for (const auto bytes : {2 * kHugePage, 2 * kHugePage + 1, 5 * kHugePage - 1}) {
    auto* block = static_cast<char*>(allocate_block(bytes));
    EXPECT_TRUE(begins_huge_page(block)) << bytes;
    block[0] = block[bytes - 1] = 1;
    std::free(block);
  }
  void* small = allocate_block(1000);
  EXPECT_NE(small, nullptr);
  EXPECT_FALSE(begins_huge_page(small));
  std::free(small);
  use_heap(HeapUse::least_faults);
  void* kept = allocate_block(2 * kHugePage);
  EXPECT_FALSE(begins_huge_page(kept));
  std::free(kept);
}

}  // namespace
}  // namespace synbal
