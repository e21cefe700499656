// Where the blocks that a program asks for lie: in the heap, whose pages are kept, or each in a mapping of its own.
#pragma once

#include <cstddef>

namespace synbal {

enum class HeapUse {
  least_memory,  ///< blocks from the size of a huge page on are mapped: nothing is lost between them, every one is
                 ///< cleared
  least_faults   ///< they stay in the heap up to 32 MiB: those that come and go meet pages that are there
};

/// For the whole process, from its next block on (mallopt of glibc). What pays depends on the size: 10^7 synapses of
/// 10^6 neurons on 2 ranks take 556 or 671 MB in the same time; 10^6 synapses of a lattice under multigrid meet 137,000
/// or 49,000 page faults and take a tenth longer with the former.
void use_heap(HeapUse use) noexcept;

/// For a program's operator new: malloc, but under least_memory large blocks lie in huge pages, each cleared and mapped
/// at once. Null where there is no memory.
void* allocate_block(std::size_t bytes) noexcept;

}  // namespace synbal
