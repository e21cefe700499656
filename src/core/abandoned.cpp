// One flag.
#include "synbal/core/abandoned.hpp"

namespace synbal {

namespace {
bool abandoned = false;
}

void abandon_libraries() noexcept { abandoned = true; }
bool libraries_abandoned() noexcept { return abandoned; }

}  // namespace synbal
