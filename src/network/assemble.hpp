// The steps of assembly that moving a finished network to other owners needs as well.
#pragma once

#include "synbal/network/network.hpp"

namespace synbal {

/// Collective. Turns sorted rows into a network as they are: finds ghosts, makes columns local, counts non-zeros. Holds
/// at most 20 bytes an entry. @throws Error bad_input when a rank has more than 2^31 owned neurons and ghosts.
Network localise(const Comm& comm, Ownership ownership, GlobalRows&& rows, InputFacts facts);

}  // namespace synbal
