// Checkpoints: an HDF5 file whose words (facts and names) stand in one dataset of bytes, one a line with tabs.
#include "synbal/io/checkpoint.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "io/assembly.hpp"
#include "io/hdf5/hdf5_output.hpp"
#include "io/hdf5/provenance.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/network/partition.hpp"

namespace synbal {

namespace {
using io::Hdf5Input;
using io::Hdf5Output;

constexpr std::int64_t kMostWords = std::int64_t{1} << 22;    // bytes
constexpr std::int64_t kLongestList = std::int64_t{1} << 28;  // numbers

// ---- words

/// Lines of a kind and two words.
class Words {
 public:
  void add(std::string_view kind, std::string_view name, std::string_view value) {
    text_ += fmt::format("{}\t{}\t{}\n", kind, name, clean(value));
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  static std::string clean(std::string_view value) {
    std::string words(value);
    std::ranges::replace_if(
        words, [](char c) { return c == '\t' || c == '\n'; }, ' ');
    return words;
  }
  std::string text_;
};

/// visit(kind, name, value) of every line.
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto first = line.find('\t'), second = line.find('\t', first + 1);
    if (first == line.npos || second == line.npos) continue;
    visit(line.substr(0, first), std::string(line.substr(first + 1, second - first - 1)),
          std::string(line.substr(second + 1)));
  }
}

std::string words_of(const Checkpoint& checkpoint) {
  Words words;
  words.add("run", "format", fmt::format("{}", checkpoint.format));
  words.add("run", "resumed", fmt::format("{}", checkpoint.resumed));
  words.add("run", "since", checkpoint.since);
  words.add("run", "seconds", fmt::format("{}", checkpoint.seconds_before));
  for (const auto& [name, value] : checkpoint.facts) words.add("fact", name, value);
  for (const auto& [name, values] : checkpoint.numbers) words.add("numbers", name, "");
  for (const auto& [name, values] : checkpoint.neurons) words.add("neurons", name, "");
  return words.text();
}

template <class T>
T number_of(const std::string& word) {
  T value{};
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

std::string numbers_path(std::int64_t k) { return fmt::format("/numbers/{}", k); }
std::string neurons_path(std::int64_t k) { return fmt::format("/neurons/{}", k); }

// ---- writing

/// The neurons that have values in the file.
struct Kept {
  std::int64_t count;

  /// How many of these rows of the file they are: the first ones.
  [[nodiscard]] std::int64_t of(const Ownership& rows) const {
    return std::clamp<std::int64_t>(count - rows.first(), 0, rows.count());
  }
};

void write_in_file_order(const Comm& comm, const Network& network, Kept kept, std::span<const double> values,
                         Hdf5Output& output, Hdf5Output::DatasetId id) {
  if (!io::out_of_file_order(comm, network)) {
    return output.write(id, network.rows.first(), values.first(at(kept.of(network.rows))));
  }
  const auto rows = Ownership::even(comm, network.size());
  const auto moved = to_file_order<double>(comm, network, rows, values);
  output.write(id, rows.first(), std::span<const double>(moved).first(at(kept.of(rows))));
}

/// Two names for one file first, so that there is no moment without one. A link to a checkpoint stays one.
void keep_previous(const std::string& link) {
  const auto path = io::resolved(link);
  const auto previous = previous_checkpoint(path), passing = previous + ".partial-link";
  ::unlink(passing.c_str());
  if (::link(path.c_str(), passing.c_str()) != 0) {
    if (errno == ENOENT) return;
    std::rename(path.c_str(), previous.c_str());  // a file system without links
    return;
  }
  std::rename(passing.c_str(), previous.c_str());
  ::unlink(passing.c_str());  // where both were one file already, rename does nothing
}

void write_file(const Comm& comm, const Network& network, const Checkpoint& checkpoint, const std::string& path) {
  const Kept kept{network.size() - checkpoint.outside};
  Hdf5Output output;
  output.seal();
  io::declare_provenance(checkpoint.about, output);
  const auto words = comm.broadcast(words_of(checkpoint), 0);
  output.group("/numbers");
  output.group("/neurons");
  const auto words_id = output.dataset<std::uint8_t>("/checkpoint", std::ssize(words));
  const auto h_id = output.dataset<double>("/h", kept.count);
  std::vector<Hdf5Output::DatasetId> list_ids, neuron_ids;
  for (const auto& [name, values] : checkpoint.numbers) {
    list_ids.push_back(output.dataset<double>(numbers_path(std::ssize(list_ids)), std::ssize(values)));
  }
  for (std::size_t k = 0; k < checkpoint.neurons.size(); ++k) {
    neuron_ids.push_back(output.dataset<double>(neurons_path(std::ssize(neuron_ids)), kept.count));
  }
  output.create(comm, path);
  if (comm.is_root()) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(words.data());
    output.write(words_id, 0, std::span(bytes, words.size()));
    auto id = list_ids.begin();
    for (const auto& [name, values] : checkpoint.numbers) output.write(*id++, 0, std::span<const double>(values));
  }
  write_in_file_order(comm, network, kept, checkpoint.h, output, h_id);
  auto id = neuron_ids.begin();
  for (const auto& [name, values] : checkpoint.neurons) write_in_file_order(comm, network, kept, values, output, *id++);
  output.finish([&] { keep_previous(path); });
}

bool is_regular(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

// ---- reading

std::string read_words(const Hdf5Input& file) {
  if (!file.exists("/checkpoint") || !file.exists("/h")) {
    throw file.error("is no checkpoint (dataset /checkpoint or /h is missing): give the file that --checkpoint names");
  }
  const auto found = file.dataset("/checkpoint", io::ElementKind::integer);
  if (found.length > kMostWords) throw file.error("has an impossible number of words: get the checkpoint again");
  std::string words(at(found.length), '\0');
  file.read(found, 0, found.length, reinterpret_cast<std::uint8_t*>(words.data()));
  return words;
}

std::vector<double> read_list(const Hdf5Input& file, const std::string& path) {
  const auto found = file.dataset(path, io::ElementKind::real);
  if (found.length > kLongestList) throw file.error(path + " has an impossible length: get the checkpoint again");
  std::vector<double> values(at(found.length));
  file.read(found, 0, found.length, values.data());
  return values;
}

std::vector<double> read_neurons(const Comm& comm, const Network& network, Kept kept, const Hdf5Input& file,
                                 const std::string& path) {
  return io::read_for_neurons(comm, network, [&](const Ownership& rows) {
    const auto found = file.dataset(path, io::ElementKind::real);
    if (found.length != kept.count) {
      throw file.error(fmt::format("{} has {} values, the network {} neurons: give the network the run began with",
                                   path, found.length, kept.count));
    }
    std::vector<double> own(at(rows.count()), 0.0);
    if (kept.of(rows) > 0) file.read(found, rows.first(), kept.of(rows), own.data());
    return own;
  });
}

void take_words(const std::string& words, Checkpoint& found) {
  found.format = 0;
  for_each_line(words, [&](std::string_view kind, const std::string& name, const std::string& value) {
    if (kind == "fact") found.facts.emplace_back(name, value);
    if (kind == "numbers") found.numbers[name];
    if (kind == "neurons") found.neurons[name];
    if (kind != "run") return;
    if (name == "format") found.format = number_of<int>(value);
    if (name == "resumed") found.resumed = number_of<int>(value);
    if (name == "since") found.since = value;
    if (name == "seconds") found.seconds_before = number_of<double>(value);
  });
}

}  // namespace

std::string previous_checkpoint(const std::string& path) {
  const auto place = io::resolved(path);
  return (place.ends_with(".h5") ? place.substr(0, place.size() - 3) : place) + ".previous.h5";
}

void write_checkpoint(const Comm& comm, const Network& network, const Checkpoint& checkpoint, const std::string& path) {
  write_file(comm, network, checkpoint, path);
}

Checkpoint read_checkpoint(const Comm& comm, const Network& network, const std::string& path, GlobalIndex outside) {
  const auto file = Hdf5Input::open_unchanged(comm, path);
  const Kept kept{network.size() - outside};
  Checkpoint found;
  found.outside = outside;
  agreed(comm, [&] {
    take_words(read_words(file), found);
    found.about = io::read_provenance(file);
    std::int64_t k = 0;
    for (auto& [name, values] : found.numbers) values = read_list(file, numbers_path(k++));
  });
  found.h = read_neurons(comm, network, kept, file, "/h");
  std::int64_t k = 0;
  for (auto& [name, values] : found.neurons) values = read_neurons(comm, network, kept, file, neurons_path(k++));
  return found;
}

bool has_checkpoint(const std::string& path) { return is_regular(path) || is_regular(previous_checkpoint(path)); }

void remove_checkpoints(const std::string& path) noexcept {
  ::unlink(previous_checkpoint(path).c_str());
  ::unlink(io::resolved(path).c_str());
}

}  // namespace synbal
