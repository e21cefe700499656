// Reading Matrix Market files: plain ones by byte ranges, one per rank.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "io/text/matrix_market_part.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
MmHeader parse_header(const InputFile& file) {
  MmHeaderParser parser;
  ByteCount bytes = 0;
  auto blocks = lines_of(file, {0, file.size()}, std::size_t{1} << 14);
  for (auto text = blocks.next(); !text.empty(); text = blocks.next()) {
    if (take_header(parser, text, bytes)) {
      auto header = parser.header();
      header.bytes = bytes;
      return header;
    }
  }
  parser.end();
  return {};
}

/// Room for the entries of a range, from the density that the size line announces; never more than the bytes can hold.
void reserve(const MmHeader& header, ByteCount bytes, ByteCount all_bytes, Triplets& entries) {
  if (all_bytes <= 0) return;
  const auto share = static_cast<double>(bytes) / static_cast<double>(all_bytes);
  const auto expected = 1.02 * share * static_cast<double>(header.entries) + 16;
  const auto most = static_cast<double>(bytes) / 2 + 1;
  const auto mirrored = header.symmetry == MmSymmetry::general || header.dense ? 1.0 : 2.0;
  const auto room = at(mirrored * std::min(expected, most));
  entries.weight.reserve(room);
  if (header.dense) return;
  entries.row.reserve(room);
  entries.column.reserve(room);
}

MmPart parse_own_lines(const Comm& comm, const InputFile& file, const MmHeader& header) {
  const auto range = own_lines(file, header.bytes, comm.rank(), comm.size());
  auto blocks = lines_of(file, range);
  MmPart part;
  reserve(header, range.end - range.begin, file.size() - header.bytes, part.entries);
  MmEntryParser parser(header, part.entries);
  try {
    for (auto text = blocks.next(); !text.empty(); text = blocks.next()) parser.take(text);
  } catch (const LineError& e) {
    part.failure = e;
  }
  part.lines = parser.lines();
  part.count = parser.count();
  return part;
}
}  // namespace

bool take_header(MmHeaderParser& parser, std::string_view& text, ByteCount& bytes) {
  while (!text.empty()) {
    const auto before = text.size();
    const auto line = take_line(text);
    bytes += static_cast<ByteCount>(before - text.size());
    if (parser.take(line)) return true;
  }
  return false;
}

Network finish_matrix_market(const Comm& comm, const InputFile& file, const MmHeader& header, MmPart&& part,
                             const ReadOptions& options) {
  const auto lines_below = header.lines + comm.sum_below(part.lines);
  const auto first = comm.sum_below(part.count);
  const auto total = comm.sum(part.count);
  agreed(comm, [&] {
    if (part.failure) throw at_line(file.path(), lines_below + part.failure->line(), part.failure->what());
  });
  if (total != header.entries) {
    throw at_line(
        file.path(), header.lines,
        fmt::format("the size line announces {} entries but the file holds {}: get the file again, or correct "
                    "the size line",
                    header.entries, total > header.entries ? "more" : fmt::format("{} (truncated?)", total)));
  }
  if (header.dense) agreed(comm, [&] { place_dense_values(header, first, part.entries); });
  InputFacts facts;
  facts.path = file.path();
  facts.entries = total;
  return network_of(comm, header.n, std::move(part.entries), options, std::move(facts));
}

Network read_matrix_market(const Comm& comm, const InputFile& file, const Source&, const ReadOptions& options) {
  const auto header = common_header(comm, file, 1, [&] { return parse_header(file); });
  auto part = agreed(comm, [&] { return parse_own_lines(comm, file, header); });
  return finish_matrix_market(comm, file, header, std::move(part), options);
}

}  // namespace synbal::io
