/* A library to be loaded first (LD_PRELOAD): the FAIL_AT-th call on files whose path contains FAIL_PATH fails
   with errno FAIL_ERRNO, or, where that is 0, does half of what it was to do. Calls that open for writing,
   write, reserve, flush, close, link and rename count; with FAIL_READS those that open for reading and read.
   With FAIL_RANK only those of that rank. Without FAIL_AT nothing fails, and the number of such calls goes to
   the file FAIL_COUNT at the end. */
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

static int is_ours(const char* path) {
  const char *part = getenv("FAIL_PATH"), *rank = getenv("FAIL_RANK"), *own = getenv("OMPI_COMM_WORLD_RANK");
  if (rank && own && atoi(rank) != atoi(own)) return 0;
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

static int reads_count(void) { return getenv("FAIL_READS") != NULL; }

static int is_written(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/* Whether the call is the one that is to fail. */
static int fails(int ours) {
  if (!ours) return 0;
  const char* at = getenv("FAIL_AT");
  ++calls;
  if (!at || calls != atol(at)) return 0;
  errno = atoi(getenv("FAIL_ERRNO"));
  return 1;
}

__attribute__((destructor)) static void tell(void) {
  const char* path = getenv("FAIL_COUNT");
  FILE* file = path && calls > 0 ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", calls);
  fclose(file);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
/* Calls on descriptors; those that move bytes may do half. */
#define ON_FD(type, name, parameters, arguments, counts)        \
  type name parameters {                                        \
    if ((counts) && fails(ours_behind(fd)) && errno) return -1; \
    return NEXT(name) arguments;                                \
  }
#define MOVES(name, parameters, arguments, counts) \
  ssize_t name parameters {                        \
    if ((counts) && fails(ours_behind(fd))) {      \
      if (errno) return -1;                        \
      size = (size + 1) / 2;                       \
    }                                              \
    return NEXT(name) arguments;                   \
  }

MOVES(write, (int fd, const void* data, size_t size), (fd, data, size), !reads_count())
MOVES(pwrite, (int fd, const void* data, size_t size, off_t at), (fd, data, size, at), !reads_count())
MOVES(pwrite64, (int fd, const void* data, size_t size, off64_t at), (fd, data, size, at), !reads_count())
MOVES(read, (int fd, void* data, size_t size), (fd, data, size), reads_count())
MOVES(pread, (int fd, void* data, size_t size, off_t at), (fd, data, size, at), reads_count())
MOVES(pread64, (int fd, void* data, size_t size, off64_t at), (fd, data, size, at), reads_count())
ON_FD(int, fsync, (int fd), (fd), !reads_count())
ON_FD(int, fdatasync, (int fd), (fd), !reads_count())
ON_FD(int, ftruncate, (int fd, off_t size), (fd, size), !reads_count())
ON_FD(int, ftruncate64, (int fd, off64_t size), (fd, size), !reads_count())
ON_FD(int, fchmod, (int fd, mode_t mode), (fd, mode), !reads_count())

/* As network file systems do it: the descriptor is gone, and what was written may be, too. */
int close(int fd) {
  const int failed = !reads_count() && is_written(fd) && fails(ours_behind(fd)), code = errno;
  const int result = NEXT(close)(fd);
  if (!failed || !code) return result;
  errno = code;
  return -1;
}
int posix_fallocate(int fd, off_t at, off_t size) {
  return !reads_count() && fails(ours_behind(fd)) && errno ? errno : NEXT(posix_fallocate)(fd, at, size);
}
int posix_fallocate64(int fd, off64_t at, off64_t size) {
  return !reads_count() && fails(ours_behind(fd)) && errno ? errno : NEXT(posix_fallocate64)(fd, at, size);
}
int rename(const char* from, const char* to) {
  return !reads_count() && fails(is_ours(to)) && errno ? -1 : NEXT(rename)(from, to);
}
int link(const char* from, const char* to) {
  return !reads_count() && fails(is_ours(to)) && errno ? -1 : NEXT(link)(from, to);
}

#define OPENS(name, parameters, plain, with_mode)                            \
  int name parameters {                                                      \
    const int writes = (flags & O_ACCMODE) != O_RDONLY;                      \
    if (writes != reads_count() && fails(is_ours(path)) && errno) return -1; \
    if (!(flags & (O_CREAT | O_TMPFILE))) return NEXT(name) plain;           \
    va_list more;                                                            \
    va_start(more, flags);                                                   \
    const mode_t mode = va_arg(more, mode_t);                                \
    va_end(more);                                                            \
    return NEXT(name) with_mode;                                             \
  }

OPENS(open, (const char* path, int flags, ...), (path, flags), (path, flags, mode))
OPENS(open64, (const char* path, int flags, ...), (path, flags), (path, flags, mode))
OPENS(openat, (int dir, const char* path, int flags, ...), (dir, path, flags), (dir, path, flags, mode))
