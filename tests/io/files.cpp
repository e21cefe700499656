// Temporary folders, files, and networks as plain lists.
#include "files.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "synbal/core/random.hpp"

namespace synbal::test {

Folder::Folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "synbal-io-XXXXXX";
  if (world().is_root() && mkdtemp(pattern.data()) == nullptr) pattern.clear();
  path_ = world().broadcast(pattern, 0);
  EXPECT_FALSE(path_.empty());
}

Folder::~Folder() {
  world().barrier();
  std::error_code ignored;
  if (world().is_root()) std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> Folder::names() const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) found.push_back(entry.path().filename());
  std::sort(found.begin(), found.end());
  return found;
}

std::string put(const Folder& folder, const std::string& name, const std::string& bytes) {
  const auto path = folder.file(name);
  if (world().is_root()) std::ofstream(path, std::ios::binary) << bytes;
  world().barrier();
  return path;
}

std::string bytes_of(const std::string& path) {
  std::ostringstream text;
  if (world().is_root()) text << std::ifstream(path, std::ios::binary).rdbuf();
  return world().broadcast(text.str(), 0);
}

std::vector<Entry> entries_of(const Network& network) {
  std::vector<GlobalIndex> place(static_cast<std::size_t>(network.local_size()));
  for (std::size_t i = 0; i < place.size(); ++i) place[i] = network.file_index(static_cast<LocalIndex>(i));
  std::vector<GlobalIndex> places(network.halo.ghosts().size());
  HaloExchange<GlobalIndex>(network.halo).forward(place, places);
  std::vector<GlobalIndex> rows, columns;
  for (std::size_t i = 0; i < place.size(); ++i) {
    for (auto k = network.row_ptr[i]; k < network.row_ptr[i + 1]; ++k) {
      const auto c = static_cast<std::size_t>(network.column[static_cast<std::size_t>(k)]);
      rows.push_back(place[i]);
      columns.push_back(c < place.size() ? place[c] : places[c - place.size()]);
    }
  }
  rows = world().gather_all<GlobalIndex>(rows);
  columns = world().gather_all<GlobalIndex>(columns);
  const auto weights = world().gather_all<double>(std::span<const double>(network.weight));
  std::vector<Entry> all;
  for (std::size_t k = 0; k < rows.size(); ++k) all.emplace_back(rows[k], columns[k], weights[k]);
  std::stable_sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  return all;
}

template <class T>
std::vector<T> all_values(const Network& network, const std::vector<T>& values) {
  std::vector<GlobalIndex> place;
  for (LocalIndex i = 0; i < network.local_size(); ++i) place.push_back(network.file_index(i));
  const auto places = world().gather_all<GlobalIndex>(place);
  const auto all = world().gather_all<T>(std::span<const T>(values));
  std::vector<T> ordered(all.size());
  for (std::size_t k = 0; k < all.size(); ++k) ordered.at(static_cast<std::size_t>(places.at(k))) = all[k];
  return ordered;
}
template std::vector<double> all_values(const Network&, const std::vector<double>&);
template std::vector<std::int64_t> all_values(const Network&, const std::vector<std::int64_t>&);
template std::vector<std::uint8_t> all_values(const Network&, const std::vector<std::uint8_t>&);

Network random_network(GlobalIndex n, int degree) {
  const CounterRandom random(7);
  const auto rows = Ownership::even(world(), n);
  GlobalRows own;
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    const auto row = static_cast<std::uint64_t>(rows.first() + i);
    for (int k = 0; k < degree; ++k) {
      const auto step = static_cast<std::uint32_t>(3 * k);
      own.column.push_back(static_cast<GlobalIndex>(random.below(static_cast<std::uint64_t>(n), row, step)));
      const double sign = random.uniform(row, step + 1) < 0.3 ? -1 : 1;
      own.weight.push_back(sign * std::exp(20 * random.normal(row, step + 2)));
    }
    own.row_ptr.push_back(static_cast<std::int64_t>(own.column.size()));
  }
  return assemble(world(), rows, std::move(own), Duplicates::sum, {});
}

Network read_as(const std::string& path, PartitionKind partition) {
  ReadOptions options;
  options.partition = partition;
  return read_network(world(), path, options);
}

SmallFiles::SmallFiles(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before_);
  const rlimit now{bytes, before_.rlim_max};
  setrlimit(RLIMIT_FSIZE, &now);
}

}  // namespace synbal::test
