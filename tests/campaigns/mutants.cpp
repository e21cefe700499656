// mutants FILE NETWORK COUNT SEED KIND: reads COUNT damaged copies of FILE, a result, checkpoint, trajectory (of
// NETWORK) or network in HDF5, and prints how often what came of it. KIND: flip (a bit, or a cut), bytes (1 to 8 of
// them), heap (bytes in global heaps), structure (an extreme number in the place of one in the file's structure), and
// resealed-KIND: with a seal that fits, as somebody who means harm would do it. On one rank every copy is read by a
// process of its own, so that none can end the others. Exit code 1 when one was fatal, or a sealed file's change went
// unnoticed.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "synbal/core/agree.hpp"
#include "synbal/core/session.hpp"
#include "synbal/io/checkpoint.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/io/result.hpp"
#include "synbal/io/trajectory.hpp"

namespace {

using namespace synbal;

constexpr unsigned kPatience =
    60;  // s for a copy: texts are read by a process that may take some seconds before it is ended
constexpr std::string_view kResealed = "resealed-";
constexpr std::size_t kSeal = 48;  // bytes of the line at the end
constexpr int kRefused = 3, kSame = 0, kOther = 4, kOdd = 6;

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

enum class Content { network, result, checkpoint, trajectory };

/// A number that differs when anything that was read does.
std::uint64_t hash(std::uint64_t sum, std::span<const double> values) {
  for (const double v : values) sum = (sum ^ std::bit_cast<std::uint64_t>(v)) * 0x9e3779b97f4a7c15U;
  return sum;
}

std::uint64_t read(const Comm& comm, Content content, const Network& network, const std::string& path) {
  if (content == Content::result) {
    const auto found = read_result(comm, network, path);
    return hash(hash(hash(1, found.h), found.in_cost), found.out_cost);
  }
  if (content == Content::checkpoint) {
    const auto found = read_checkpoint(comm, network, path);
    std::uint64_t sum = hash(1, found.h);
    for (const auto* parts : {&found.numbers, &found.neurons}) {
      for (const auto& [name, values] : *parts) sum = hash(sum + name.size(), values);
    }
    return sum;
  }
  if (content == Content::trajectory) return hash(1, read_trajectory_end(comm, network, path).h);
  const auto found = read_network(comm, path, {});
  std::uint64_t sum = hash(static_cast<std::uint64_t>(found.size()), found.weight);
  for (const auto column : found.column) sum = (sum ^ static_cast<std::uint64_t>(column)) * 0x9e3779b97f4a7c15U;
  return sum;
}

class Mutator {
 public:
  Mutator(std::string original, std::string kind, std::uint64_t seed)
      : original_(std::move(original)), kind_(std::move(kind)), random_(seed) {
    resealed_ = kind_.starts_with(kResealed);
    if (resealed_) kind_ = kind_.substr(kResealed.size());
    for (auto at = original_.find("GCOL"); at != std::string::npos; at = original_.find("GCOL", at + 1))
      heaps_.push_back(at);
    for (std::size_t at = 0; at + 8 <= original_.size(); at += 8) {
      if (at < 2048 || looks_structural(at)) structure_.push_back(at);
    }
  }

  std::string operator()() { return resealed_ ? resealed(changed()) : changed(); }

 private:
  std::string changed() {
    auto bytes = original_;
    if (kind_ == "flip" && below(10) == 0) return bytes.substr(0, below(bytes.size()));
    if (kind_ == "flip") bytes[below(bytes.size())] ^= static_cast<char>(1U << below(8));
    if (kind_ == "bytes") change(bytes, below(bytes.size()), 1 + below(8));
    if (kind_ == "heap" && !heaps_.empty()) {
      const auto begin = heaps_[below(heaps_.size())];
      change(bytes, begin + 4 + below(std::min<std::size_t>(bytes.size() - begin - 4, 512)), 1 + below(8));
    }
    if (kind_ == "structure") put_extreme(bytes, structure_[below(structure_.size())]);
    return bytes;
  }
  static std::string resealed(std::string bytes) {
    bytes.resize(bytes.size() - std::min(bytes.size(), kSeal));
    const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    return bytes + fmt::format("\nsynbal seal crc32:{:08x} {:019d}\n", sum, bytes.size());
  }
  std::size_t below(std::size_t count) { return random_() % count; }
  void change(std::string& bytes, std::size_t at, std::size_t count) {
    for (std::size_t k = at; k < std::min(at + count, bytes.size()); ++k) bytes[k] = static_cast<char>(below(256));
  }
  /// Small numbers and offsets into the file, where data are mostly none.
  [[nodiscard]] bool looks_structural(std::size_t at) const {
    std::uint64_t value = 0;
    std::copy_n(original_.begin() + static_cast<std::ptrdiff_t>(at), 8, reinterpret_cast<char*>(&value));
    return value != 0 && value <= original_.size();
  }
  void put_extreme(std::string& bytes, std::size_t at) {
    const std::uint64_t extremes[] = {0,
                                      1,
                                      0x7f,
                                      0xffffffffU,
                                      0x80000000U,
                                      ~std::uint64_t{0},
                                      std::uint64_t{1} << 63,
                                      std::uint64_t{1} << 40,
                                      bytes.size(),
                                      bytes.size() - 8};
    const auto value = extremes[below(std::size(extremes))];
    const auto width = std::size_t{1} << below(4);
    std::copy_n(reinterpret_cast<const char*>(&value), width, bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }

  std::string original_, kind_;
  bool resealed_ = false;
  std::mt19937_64 random_;
  std::vector<std::size_t> heaps_, structure_;
};

/// What came of reading, as an exit code.
int outcome(const Comm& comm, Content content, const Network& network, const std::string& path, std::uint64_t right) {
  try {
    const auto found = read(comm, content, network, path);
    return comm.any(found != right) ? kOther : kSame;
  } catch (const Error& e) {
    return e.code() == ExitCode::bad_input || e.code() == ExitCode::io_failure ? kRefused : kOdd;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "mutants: %s\n", e.what());
    return kOdd;
  }
}

/// The same in a process of its own; above 128: a signal.
int outcome_apart(const Comm& comm, Content content, const Network& network, const std::string& path,
                  std::uint64_t right) {
  const pid_t child = fork();
  if (child == 0) {
#if !defined(__SANITIZE_ADDRESS__)  // which reserves terabytes
    const rlimit room{std::uint64_t{8} << 30, std::uint64_t{8} << 30};
    setrlimit(RLIMIT_AS, &room);
#endif
    alarm(kPatience);
    _exit(outcome(comm, content, network, path, right));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Content content_of(const Comm& comm, const std::string& bytes, const std::string& path) {
  if (bytes.find("checkpoint") != std::string::npos && bytes.find("numbers") != std::string::npos) {
    return Content::checkpoint;
  }
  if (is_trajectory(comm, path)) return Content::trajectory;
  return is_result(comm, path) ? Content::result : Content::network;
}

const char* word_of(int code) {
  switch (code) {
    case kSame:
      return "read, the same";
    case kOther:
      return "read, OTHER numbers";
    case kRefused:
      return "refused";
    case kOdd:
      return "ODD error";
    case 128 + SIGALRM:
      return "HUNG";
    default:
      return "CRASHED";
  }
}

/// A sealed file shows that it was changed; memory checkers end what they find fault with by a code of their own.
bool is_fatal(int code, bool sealed) { return code != kSame && code != kRefused && (sealed || code != kOther); }

}  // namespace

int main(int argc, char** argv) {
  const Session session("mutants", {});
  if (argc != 6) return 2;
  const auto& comm = session.world();
  const std::string file = argv[1], kind = argv[5];
  const int count = std::atoi(argv[3]);
  const auto original = bytes_of(file);
  const auto network = read_network(comm, argv[2], {});
  const auto content = content_of(comm, original, file);
  const auto right = read(comm, content, network, file);
  const bool sealed = original.find("synbal seal") != std::string::npos && !kind.starts_with(kResealed);
  const auto copy = comm.broadcast(fmt::format("/dev/shm/mutant-{}.h5", getpid()), 0);
  Mutator mutate(original, kind, std::strtoull(argv[4], nullptr, 10));
  std::map<int, int> counts;
  for (int k = 0; k < count; ++k) {
    const auto bytes = mutate();
    if (comm.is_root()) std::ofstream(copy, std::ios::binary) << bytes;
    comm.barrier();
    if (comm.size() > 1) alarm(kPatience);
    const int code = comm.size() > 1 ? outcome(comm, content, network, copy, right)
                                     : outcome_apart(comm, content, network, copy, right);
    ++counts[code];
    if (is_fatal(code, sealed) && comm.is_root())
      std::ofstream(fmt::format("mutant-{}-{}-{}.h5", kind, argv[4], k), std::ios::binary) << bytes;
  }
  alarm(0);
  bool fatal = false;
  for (const auto& [code, times] : counts) {
    fatal = fatal || is_fatal(code, sealed);
    if (comm.is_root()) fmt::print("{:6} {} ({})\n", times, word_of(code), code);
  }
  if (comm.is_root()) unlink(copy.c_str());
  return fatal ? 1 : 0;
}
