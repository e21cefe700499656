// What nearly every file includes, parsed once (SYNBAL_PRECOMPILE). Files include what they use all the same:
// clang-tidy reads them without this one. No PETSc here: it turns MPI functions into macros.
#include <Random123/philox.h>
#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
