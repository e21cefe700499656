// Agreement over ranks: one reduction when all is well, two broadcasts when not.
#include "synbal/core/agree.hpp"

namespace synbal {

void agree(const Comm& comm, const std::optional<Error>& failure) {
  const Rank first = comm.min(failure ? comm.rank() : comm.size());
  if (first == comm.size()) return;
  const auto code = comm.broadcast(failure ? static_cast<std::int32_t>(failure->code()) : 0, first);
  const auto text = comm.broadcast(failure ? std::string(failure->what()) : std::string(), first);
  throw Error(static_cast<ExitCode>(code), text);
}

}  // namespace synbal
