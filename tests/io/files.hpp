// Files and networks for the tests of reading and writing.
#pragma once

#include <sys/resource.h>

#include <string>
#include <tuple>
#include <vector>

#include "bad_files.hpp"
#include "support/mpi_test.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/network/partition.hpp"

namespace synbal::test {

/// A folder of this test alone, the same path on all ranks; removed at the end. Construction is Collective.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  /// Collective.
  ~Folder();
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Names in the folder.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::string path_;
};

/// Collective. Writes `bytes` on rank 0; returns the path.
std::string put(const Folder& folder, const std::string& name, const std::string& bytes);
/// The bytes of a file; Collective (rank 0 reads).
std::string bytes_of(const std::string& path);

using Entry = std::tuple<GlobalIndex, GlobalIndex, double>;
/// Collective. All entries of a network on every rank, in the order of its file (0-based).
std::vector<Entry> entries_of(const Network& network);
/// Collective. Values per owned neuron, all of them in file order.
template <class T>
std::vector<T> all_values(const Network& network, const std::vector<T>& values);

/// Collective. A random network of n neurons with about `degree` entries a row, the same at any rank count; weights
/// span many decades.
Network random_network(GlobalIndex n, int degree);

/// The partition that moves neurons, or where PT-Scotch cannot be asked the one by synapses.
inline PartitionKind cut_partition() { return has_ptscotch() ? PartitionKind::ptscotch : PartitionKind::nnz; }

/// Collective.
Network read_as(const std::string& path, PartitionKind partition);

/// Files of this process end at so many bytes while one lives: what a full disk is to pwrite and fallocate.
class SmallFiles {
 public:
  explicit SmallFiles(rlim_t bytes);
  SmallFiles(const SmallFiles&) = delete;
  SmallFiles& operator=(const SmallFiles&) = delete;
  ~SmallFiles() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

/// The error that `action` throws, or one with ExitCode::done when it throws none.
template <class Action>
Error error_of(Action&& action) {
  try {
    action();
  } catch (const Error& e) {
    return e;
  }
  return {ExitCode::done, "no error"};
}

}  // namespace synbal::test
