// Peak memory of the process, from the kernel.
#include "synbal/core/memory.hpp"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace synbal {

namespace {
/// VmHWM of /proc/self/status; 0 where the kernel does not tell.
ByteCount high_water_mark() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    ByteCount kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}
}  // namespace

ByteCount peak_resident_bytes() {
  // ru_maxrss comes second: it includes what the launcher had resident when it started this process.
  if (const auto bytes = high_water_mark(); bytes > 0) return bytes;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<ByteCount>(usage.ru_maxrss) * 1024;
}

}  // namespace synbal
