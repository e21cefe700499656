// How an error on one rank becomes the same error on all of them.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "synbal/core/comm.hpp"
#include "synbal/core/error.hpp"

namespace synbal {

/// Collective. `failure` is this rank's error, if any; when some rank has one, every rank throws the error of the
/// lowest such rank. Called once at the end of every phase that can fail on one rank alone.
void agree(const Comm& comm, const std::optional<Error>& failure);

/// Collective. Runs `phase` (which must not communicate) and agrees on its outcome.
template <class Phase>
std::invoke_result_t<Phase> agreed(const Comm& comm, Phase&& phase) {
  std::optional<Error> failure;
  if constexpr (std::is_void_v<std::invoke_result_t<Phase>>) {
    try {
      std::forward<Phase>(phase)();
    } catch (const Error& e) {
      failure = e;
    } catch (const std::exception& e) {
      failure = internal_error(e.what());
    }
    agree(comm, failure);
  } else {
    std::optional<std::invoke_result_t<Phase>> value;
    try {
      value.emplace(std::forward<Phase>(phase)());
    } catch (const Error& e) {
      failure = e;
    } catch (const std::exception& e) {
      failure = internal_error(e.what());
    }
    agree(comm, failure);
    return std::move(*value);
  }
}

}  // namespace synbal
