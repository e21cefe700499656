// Agreement over ranks: one reduction when all is well, two broadcasts when not. The reduction also carries a signal
// that asks the run to stop, where nothing else would hear it.
#include "synbal/core/agree.hpp"

#include <limits>
#include <new>
#include <string>

#include "synbal/core/interrupt.hpp"

namespace synbal {

namespace {

constexpr std::int32_t kNothing = std::numeric_limits<std::int32_t>::max();

/// Failures come first: the lowest rank that has one; else a signal.
std::int32_t word_of(const Comm& comm, bool failed) {
  if (failed) return comm.rank();
  const int signal = unheard_signal();
  return signal != 0 ? comm.size() + signal : kNothing;
}

/// What agreed() took for a defect, as it takes every exception but Error, may be a lack of memory.
Error as_user_sees(const Error& failure) {
  const bool no_memory = failure.code() == ExitCode::internal && failure.what() == std::string(std::bad_alloc().what());
  if (!no_memory) return failure;
  return io_failure("out of memory: use more ranks or machines (`synbal info` estimates the need)");
}

}  // namespace

void agree(const Comm& comm, const std::optional<Error>& failure) {
  const auto word = comm.min(word_of(comm, failure.has_value()));
  if (word == kNothing) return;
  if (word >= comm.size()) throw stopped_by(word - comm.size());
  const auto own = failure ? as_user_sees(*failure) : Error(ExitCode::done, "");
  const auto code = comm.broadcast(static_cast<std::int32_t>(own.code()), word);
  const auto text = comm.broadcast(std::string(own.what()), word);
  throw Error(static_cast<ExitCode>(code), text);
}

}  // namespace synbal
