// The exchange of blocks lives in core.
#pragma once

#include "synbal/core/block_exchange.hpp"
