// Shares of bytes, and blocks of text from rank 0.
#include "io/edges/edge_files.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

#include "io/text/block_sender.hpp"
#include "io/text/gz_text.hpp"
#include "io/text/line_blocks.hpp"
#include "io/text/text_output.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
/// Bytes of text that go to another rank at once.
constexpr std::size_t kHandedBlock = std::size_t{1} << 20;

std::string sample_of(const InputFile& file, bool compressed) {
  std::string sample(kSampleBytes, '\0');
  sample.resize(compressed && file.size() > 0 ? GzText(file).read(sample.data(), sample.size())
                                              : file.read(0, {sample.data(), sample.size()}));
  return sample;
}

bool promises_tabs(const std::string& path) { return path.ends_with(".tsv") || path.ends_with(".tsv.gz"); }

EdgeLayout layout_of(const std::string& path, const std::string& sample, const EdgeListOptions& options) {
  try {
    return recognise_layout(sample, sample.size() < kSampleBytes, promises_tabs(path), options);
  } catch (const LineError& e) {
    throw at_line(path, e.line(), e.what());
  }
}

/// Collective. The beginning of every file, as rank 0 reads it.
std::vector<std::string> samples_of(const Comm& comm, const EdgeFiles& edges) {
  std::vector<std::string> samples(edges.files.size());
  agreed(comm, [&] {
    for (std::size_t k = 0; k < samples.size() && comm.is_root(); ++k) {
      samples[k] = sample_of(edges.files[k], edges.compressed(k));
    }
  });
  for (auto& sample : samples) sample = comm.broadcast(std::move(sample), 0);
  return samples;
}
}  // namespace

bool EdgeFiles::any_compressed() const {
  for (std::size_t k = 0; k < files.size(); ++k) {
    if (compressed(k)) return true;
  }
  return false;
}

ByteCount EdgeFiles::bytes() const {
  return std::accumulate(files.begin(), files.end(), ByteCount{0},
                         [](auto sum, const auto& f) { return sum + f.size(); });
}

EdgeFiles open_edge_files(const Comm& comm, const Source& source, const EdgeListOptions& options) {
  EdgeFiles edges;
  edges.files = agreed(comm, [&] {
    std::vector<InputFile> files;
    files.emplace_back(source.path);
    for (const auto& part : source.parts) files.emplace_back(part);
    return files;
  });
  const auto samples = samples_of(comm, edges);
  agreed(comm, [&] {
    for (std::size_t k = 0; k < samples.size(); ++k) {
      edges.layouts.push_back(layout_of(edges.files[k].path(), samples[k], options));
    }
  });
  return edges;
}

// ---- plain files

LastPiece share_plain_files(const Comm& comm, const EdgeFiles& edges, const TakeLines& take) {
  const auto total = edges.bytes();
  const auto edge = [&](int r) { return r == comm.size() ? total : total / comm.size() * r; };
  LastPiece last;
  ByteCount before = 0;  // bytes of the files before this one
  for (std::size_t k = 0; k < edges.files.size(); ++k) {
    const auto& file = edges.files[k];
    const auto begin = std::max<ByteCount>(edge(comm.rank()) - before, 0);
    const auto end = std::min(edge(comm.rank() + 1) - before, file.size());
    before += file.size();
    if (begin >= end || edges.layouts[k].empty) continue;
    last = {static_cast<std::int64_t>(k), 0};
    auto blocks = lines_of(file, lines_within(file, edges.layouts[k].head_bytes, {begin, end}));
    for (auto text = blocks.next(); !text.empty(); text = blocks.next()) {
      const auto lines = take({last.file, last.lines}, text);
      if (lines == kStop) return last;
      last.lines += lines;
    }
  }
  return last;
}

// ---- compressed files

namespace {
std::string_view bytes_of(const TextPlace& place) { return {reinterpret_cast<const char*>(&place), sizeof place}; }

/// Runs on rank 0: parses its own run of lines, sends the others theirs. A rank's run ends where its share of the
/// compressed bytes does, so that rows keep their order from rank to rank.
class TextDistributor {
 public:
  TextDistributor(const Comm& comm, const EdgeFiles& edges, const TakeLines& take)
      : comm_(comm), edges_(edges), take_(take), sender_(comm), total_(edges.bytes()) {}

  void run() {
    for (std::size_t k = 0; k < edges_.files.size(); ++k) {
      if (!edges_.layouts[k].empty) run(k);
      before_ += edges_.files[k].size();
    }
  }
  /// Ends the run of every rank that still waits.
  void finish() {
    while (to_ < comm_.size()) finish_run();
  }

 private:
  void run(std::size_t k) {
    const auto& file = edges_.files[k];
    std::optional<GzText> gz;
    ByteCount place = 0;
    if (edges_.compressed(k)) gz.emplace(file);
    LineBlocks blocks(
        [&](char* into, std::size_t size) {
          const auto got = gz ? gz->read(into, size) : file.read(place, {into, size});
          place = gz ? gz->place() : place + static_cast<ByteCount>(got);
          return got;
        },
        kHandedBlock);
    auto skip = at(edges_.layouts[k].head_bytes);
    TextPlace where{static_cast<std::int64_t>(k), edges_.layouts[k].head_lines};
    for (auto text = blocks.next(); !text.empty(); text = blocks.next()) {
      text.remove_prefix(std::exchange(skip, 0));
      where.line += hand(where, text);
      while (to_ + 1 < comm_.size() && before_ + place >= total_ / comm_.size() * (to_ + 1)) finish_run();
    }
  }

  std::int64_t hand(const TextPlace& where, std::string_view text) {
    if (text.empty()) return 0;
    if (to_ == 0) return take_(where, text);
    sender_.send(text, to_, bytes_of(where));
    return std::count(text.begin(), text.end(), '\n');
  }

  void finish_run() {
    if (to_ > 0) sender_.send({}, to_);
    ++to_;
  }

  const Comm& comm_;
  const EdgeFiles& edges_;
  const TakeLines& take_;
  BlockSender sender_;
  ByteCount total_, before_ = 0;
  Rank to_ = 0;
};

/// The other side: takes blocks until the empty one, also when a line is wrong, so that rank 0 never waits in vain.
void receive_run(const Comm& comm, const TakeLines& take) {
  std::vector<char> block;
  while (receive_text(comm, 0, tag::gz_text, block)) {
    TextPlace place;
    std::memcpy(&place, block.data(), sizeof place);
    take(place, std::string_view(block.data(), block.size()).substr(sizeof place));
  }
}
}  // namespace

void hand_out_files(const Comm& comm, const EdgeFiles& edges, const TakeLines& take) {
  std::optional<Error> failure;
  std::optional<TextDistributor> distributor;
  try {
    if (comm.is_root()) {
      distributor.emplace(comm, edges, take).run();
    } else {
      receive_run(comm, take);
    }
  } catch (const Error& e) {
    failure = e;
  } catch (const std::exception& e) {
    failure = internal_error(e.what());
  }
  if (distributor) distributor->finish();
  agree(comm, failure);
}

}  // namespace synbal::io
