// What fuzz targets share: an error is a good answer to bad bytes, everything else is a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "synbal/core/error.hpp"

namespace synbal::fuzz {

/// Runs a parser; any exception but bad input is a finding.
template <class Parse>
int parses(Parse&& parse) {
  try {
    parse();
  } catch (const Error& e) {
    if (e.code() != ExitCode::bad_input) std::abort();
  }
  return 0;
}

/// What must hold for what a parser lets through.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace synbal::fuzz
