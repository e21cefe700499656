// Reading compressed Matrix Market files: rank 0 decompresses and hands consecutive runs of lines to the ranks in turn,
// so that no rank holds the whole text and entries keep the order of the file from rank to rank.
#include <algorithm>
#include <optional>
#include <vector>

#include "io/text/block_sender.hpp"
#include "io/text/gz_text.hpp"
#include "io/text/matrix_market_part.hpp"
#include "io/text/text_output.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/tags.hpp"

namespace synbal::io {

namespace {
/// Runs on rank 0: parses its own run of lines, sends the others theirs.
class Distributor {
 public:
  Distributor(const Comm& comm, const InputFile& file)
      : comm_(comm),
        sender_(comm),
        gz_(file),
        blocks_([this](char* into, std::size_t size) { return gz_.read(into, size); }, std::size_t{1} << 20) {}

  MmHeader header() {
    MmHeaderParser parser;
    ByteCount bytes = 0;
    for (rest_ = blocks_.next(); !rest_.empty(); rest_ = blocks_.next()) {
      if (take_header(parser, rest_, bytes)) return parser.header();
    }
    parser.end();
    return {};
  }

  void run(const MmHeader& header, MmPart& part) {
    MmEntryParser parser(header, part.entries);
    std::int64_t sent = 0;
    for (auto text = rest_.empty() ? blocks_.next() : rest_; !text.empty(); text = blocks_.next()) {
      while (to_ + 1 < comm_.size() && sent >= header.entries / comm_.size() * (to_ + 1)) finish_run();
      const auto lines = std::count(text.begin(), text.end(), '\n');
      sent += lines;
      if (to_ > 0) {
        sender_.send(text, to_);
      } else if (!part.failure) {
        take(parser, text, part);
      }
    }
    part.lines = parser.lines();
    part.count = parser.count();
    part.above = parser.first_above(), part.below = parser.first_below();
  }

  /// Ends the run of every rank that still waits.
  void finish() {
    while (to_ < comm_.size()) finish_run();
  }

  static void take(MmEntryParser& parser, std::string_view text, MmPart& part) {
    try {
      parser.take(text);
    } catch (const LineError& e) {
      part.failure = e;
    }
  }

 private:
  void finish_run() {
    if (to_ > 0) sender_.send({}, to_);
    ++to_;
  }

  const Comm& comm_;
  BlockSender sender_;
  GzText gz_;
  LineBlocks blocks_;
  std::string_view rest_;
  Rank to_ = 0;
};

/// The other side: takes blocks until the empty one, also when a line is wrong, so that rank 0 never waits in vain.
MmPart receive_run(const Comm& comm, const MmHeader& header) {
  MmPart part;
  MmEntryParser parser(header, part.entries);
  std::vector<char> block;
  while (receive_text(comm, 0, tag::gz_text, block)) {
    if (!part.failure) Distributor::take(parser, {block.data(), block.size()}, part);
  }
  part.lines = parser.lines();
  part.count = parser.count();
  part.above = parser.first_above(), part.below = parser.first_below();
  return part;
}
}  // namespace

NetworkSizes matrix_market_gz_sizes(const InputFile& file, const Source&, const ReadOptions&) {
  const Comm alone(MPI_COMM_SELF);
  return sizes_from(file, [&] { return Distributor(alone, file).header(); });
}

Network read_matrix_market_gz(const Comm& comm, const InputFile& file, const Source&, const ReadOptions& options) {
  std::optional<Distributor> distributor;
  agreed(comm, [&] {
    if (comm.is_root()) distributor.emplace(comm, file);
  });
  const auto header = common_header(comm, file, 1024, [&] { return distributor->header(); });
  std::optional<Error> failure;
  MmPart part;
  try {
    if (comm.is_root()) {
      distributor->run(header, part);
    } else {
      part = receive_run(comm, header);
    }
  } catch (const Error& e) {
    failure = e;
  } catch (const std::exception& e) {
    failure = internal_error(e.what());
  }
  if (comm.is_root()) distributor->finish();
  agree(comm, failure);
  distributor.reset();
  return finish_matrix_market(comm, file, header, std::move(part), options);
}

}  // namespace synbal::io
