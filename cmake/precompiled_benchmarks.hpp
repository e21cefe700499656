// The same for benchmarks, which write JSON.
#include <nlohmann/json.hpp>

#include "precompiled.hpp"
