// A program outside the project that uses the installed library.
#include <cstdio>

#include "synbal/core/build_info.hpp"
#include "synbal/core/session.hpp"

int main() {
  const synbal::Session session("consumer");
  if (session.world().is_root()) std::printf("synbal %s\n", synbal::version().c_str());
}
