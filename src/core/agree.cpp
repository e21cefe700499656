// Agreement over ranks: one reduction when all is well, two broadcasts when not. The reduction also carries a signal
// that asks the run to stop, where nothing else would hear it.
#include "synbal/core/agree.hpp"

#include <limits>

#include "synbal/core/interrupt.hpp"

namespace synbal {

namespace {

constexpr std::int32_t kNothing = std::numeric_limits<std::int32_t>::max();
constexpr int kSignalCode = 128;  // as shells count the codes of processes that a signal ended

/// Failures come first: the lowest rank that has one; else a signal.
std::int32_t word_of(const Comm& comm, bool failed) {
  if (failed) return comm.rank();
  const int signal = unheard_signal();
  return signal != 0 ? comm.size() + signal : kNothing;
}

Error stopped_by(int signal) {
  return {static_cast<ExitCode>(kSignalCode + signal),
          std::string("stopped by ") + signal_name(signal) + " before there was anything to keep"};
}

}  // namespace

void agree(const Comm& comm, const std::optional<Error>& failure) {
  const auto word = comm.min(word_of(comm, failure.has_value()));
  if (word == kNothing) return;
  if (word >= comm.size()) throw stopped_by(word - comm.size());
  const auto code = comm.broadcast(failure ? static_cast<std::int32_t>(failure->code()) : 0, word);
  const auto text = comm.broadcast(failure ? std::string(failure->what()) : std::string(), word);
  throw Error(static_cast<ExitCode>(code), text);
}

}  // namespace synbal
