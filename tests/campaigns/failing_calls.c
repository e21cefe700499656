/* A library to be loaded first (LD_PRELOAD): the FAIL_AT-th call on files whose path contains FAIL_PATH fails with errno
   FAIL_ERRNO. Without FAIL_AT nothing fails, and the number of such calls goes to the file FAIL_COUNT at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long calls;

static int is_ours(const char *path) {
  const char *part = getenv("FAIL_PATH");
  return part && path && strstr(path, part) != NULL;
}

static int ours_behind(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

/* Whether the call is the one that is to fail. */
static int fails(int ours) {
  if (!ours) return 0;
  const char *at = getenv("FAIL_AT");
  ++calls;
  if (!at || calls != atol(at)) return 0;
  errno = atoi(getenv("FAIL_ERRNO"));
  return 1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("FAIL_COUNT");
  FILE *file = path && calls > 0 ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", calls);
  fclose(file);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_FD(type, name, parameters, arguments) \
  type name parameters {                         \
    if (fails(ours_behind(fd))) return -1;       \
    return NEXT(name) arguments;                 \
  }

ON_FD(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
ON_FD(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
ON_FD(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
ON_FD(int, fsync, (int fd), (fd))
ON_FD(int, ftruncate, (int fd, off_t size), (fd, size))
ON_FD(int, ftruncate64, (int fd, off64_t size), (fd, size))
ON_FD(int, fchmod, (int fd, mode_t mode), (fd, mode))

int posix_fallocate(int fd, off_t at, off_t size) {
  return fails(ours_behind(fd)) ? errno : NEXT(posix_fallocate)(fd, at, size);
}
int posix_fallocate64(int fd, off64_t at, off64_t size) {
  return fails(ours_behind(fd)) ? errno : NEXT(posix_fallocate64)(fd, at, size);
}
int rename(const char *from, const char *to) { return fails(is_ours(to)) ? -1 : NEXT(rename)(from, to); }
int link(const char *from, const char *to) { return fails(is_ours(to)) ? -1 : NEXT(link)(from, to); }

#define OPENS(name, parameters, path_of, plain, with_mode) \
  int name parameters {                                    \
    mode_t mode = 0;                                       \
    if (flags & (O_CREAT | O_TMPFILE)) {                   \
      va_list more;                                        \
      va_start(more, flags);                               \
      mode = va_arg(more, mode_t);                         \
      va_end(more);                                        \
      return fails(is_ours(path)) ? -1 : NEXT(name) with_mode; \
    }                                                      \
    const int writes = (flags & O_ACCMODE) != O_RDONLY;    \
    return fails(writes && is_ours(path)) ? -1 : NEXT(name) plain; \
  }

OPENS(open, (const char *path, int flags, ...), path, (path, flags), (path, flags, mode))
OPENS(open64, (const char *path, int flags, ...), path, (path, flags), (path, flags, mode))
OPENS(openat, (int dir, const char *path, int flags, ...), path, (dir, path, flags), (dir, path, flags, mode))
