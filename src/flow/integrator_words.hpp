// What CVODE's codes mean to a user.
#pragma once

#include <string>

#include "synbal/flow/flow_params.hpp"

namespace synbal {

/// "problem (why): what to do" for a failure at `time`, with CVODE's own words at the end.
std::string explain_failure(int code, double time, const IntegratorParams& params, const std::string& own_words);

}  // namespace synbal
