// Networks to files and back.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "subjects/setting.hpp"
#include "subjects/subjects.hpp"
#include "synbal/core/error.hpp"
#include "synbal/core/random.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::benchmark {

namespace {
/// Collective. A hash of all synapses, wherever they are.
std::uint64_t hash_of(const Comm& comm, const Network& network) {
  const CounterRandom mix(0, 0x10);
  std::uint64_t sum = 0;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = at(network.row_ptr[at(i)]); e < at(network.row_ptr[at(i) + 1]); ++e) {
      const auto place = static_cast<std::uint64_t>(network.file_index(i)) << 32 ^
                         static_cast<std::uint64_t>(network.global(network.column[e]));
      sum += mix.bits(place ^ mix.bits(std::bit_cast<std::uint64_t>(network.weight[e]))[0])[0];
    }
  }
  return comm.sum(sum);
}

/// Plain bytes, a file for each rank: what the disk and its cache do.
class RawFile {
 public:
  RawFile(std::string path, std::int64_t size)
      : path_(std::move(path)),
        bytes_(static_cast<std::size_t>(size), 'x'),
        file_(::open(path_.c_str(), kFlags, 0600)) {
    if (file_ < 0) throw io_failure(fmt::format("{}: {}", path_, std::strerror(errno)));
  }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile() {
    ::close(file_);
    ::unlink(path_.c_str());
  }

  void write() { whole(::pwrite(file_, bytes_.data(), bytes_.size(), 0)), ::fsync(file_); }
  void read() { whole(::pread(file_, bytes_.data(), bytes_.size(), 0)); }

 private:
  static constexpr int kFlags = O_RDWR | O_CREAT | O_TRUNC;
  void whole(ssize_t got) const {
    if (got != std::ssize(bytes_)) throw io_failure(fmt::format("{}: {} of {} bytes", path_, got, bytes_.size()));
  }

  std::string path_;
  std::vector<char> bytes_;
  int file_;
};

constexpr std::int64_t kMostRaw = std::int64_t{1} << 30;  // bytes a rank: one call takes no more
}  // namespace

void measure_io(Contest& contest, const Choices& choices, const std::string& name) {
  const auto& comm = contest.comm();
  const auto network = named_network(comm, name);
  const auto hash = hash_of(comm, network);
  std::vector<Network> back(choices.extensions.size());
  std::vector<std::string> paths;
  std::vector<Contender> contenders;
  for (std::size_t k = 0; k < back.size(); ++k) {
    paths.push_back(fmt::format("{}/benchmark{}", choices.folder, choices.extensions[k]));
    const auto run = [&, k](Phases& phases) {
      phases.begin("write");
      write_network(comm, network, paths[k]);
      phases.begin("read");
      back[k] = named_network(comm, paths[k]);
    };
    const auto figures = [&, k](const Sample& seconds) -> Json {
      const auto size = static_cast<double>(std::filesystem::file_size(paths[k]));
      return {{"bytes", size},
              {"bytes_a_synapse", size / static_cast<double>(network.nnz)},
              {"bytes_per_second_both_ways", 2 * size / seconds.median()}};
    };
    contenders.push_back(
        {.name = "file " + choices.extensions[k],
         .run = run,
         .verdict =
             [&, k] {
               return Verdict{"the network comes back with other bits", hash_of(comm, back[k]) == hash ? 0.0 : 1.0, 0};
             },
         .figures = figures});
  }
  const auto size = std::min(20 * network.nnz / comm.size(), kMostRaw);  // as the native format writes
  const auto raw_path = fmt::format("{}/benchmark.raw.{}", choices.folder, comm.rank());
  std::unique_ptr<RawFile> raw;
  if (contest.settings().peers) raw = std::make_unique<RawFile>(raw_path, size);
  contenders.push_back({.name = "as many plain bytes, a file a rank",
                        .peer = true,
                        .run =
                            [&](Phases& phases) {
                              phases.begin("write");
                              raw->write();
                              phases.begin("read");
                              raw->read();
                            },
                        .verdict =
                            [] {
                              return Verdict{"bytes missing", 0, 0};
                            },
                        .figures = [&](const Sample& seconds) -> Json {
                          const auto all = static_cast<double>(size) * comm.size();
                          return {{"bytes", all}, {"bytes_per_second_both_ways", 2 * all / seconds.median()}};
                        }});
  contest.hold({"io", facts_of(comm, name, network)}, std::move(contenders));
  for (const auto& path : paths) {
    if (comm.is_root()) std::filesystem::remove(path);
  }
}

}  // namespace synbal::benchmark
