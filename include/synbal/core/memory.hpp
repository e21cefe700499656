// How much memory this process has used.
#pragma once

#include "synbal/core/types.hpp"

namespace synbal {

/// The most memory this process ever had resident, in bytes. Not collective.
[[nodiscard]] ByteCount peak_resident_bytes();

}  // namespace synbal
