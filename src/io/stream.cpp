// What stat says.
#include "synbal/io/stream.hpp"

#include <sys/stat.h>

namespace synbal {

bool is_stdout(const std::string& path) { return path == "-" || path == "/dev/stdout"; }

bool is_stream(const std::string& path) {
  struct stat facts {};
  return is_stdout(path) || (::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode) && !S_ISDIR(facts.st_mode));
}

}  // namespace synbal
