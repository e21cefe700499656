// Reading Matrix Market files: plain ones by byte ranges, one per rank.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
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
  part.above = parser.first_above(), part.below = parser.first_below();
  return part;
}
}  // namespace

NetworkSizes sizes_from(const InputFile& file, const std::function<MmHeader()>& parse) {
  try {
    const auto header = parse();
    const auto mirrored = header.symmetry == MmSymmetry::general || header.dense ? 1 : 2;
    return {{}, header.n, mirrored * (header.dense ? dense_values(header) : header.entries)};
  } catch (const LineError& e) {
    throw at_line(file.path(), e.line(), e.what());
  }
}

NetworkSizes matrix_market_sizes(const InputFile& file, const Source&, const ReadOptions&) {
  return sizes_from(file, [&] { return parse_header(file); });
}

bool take_header(MmHeaderParser& parser, std::string_view& text, ByteCount& bytes) {
  while (!text.empty()) {
    const auto before = text.size();
    const auto line = take_line(text);
    bytes += static_cast<ByteCount>(before - text.size());
    if (parser.take(line)) return true;
  }
  return false;
}

namespace {
/// Collective. Either triangle stands for both, but not some of each: an entry and its mirror image would both count.
void check_one_triangle(const Comm& comm, const InputFile& file, const MmPart& part, std::int64_t lines_below) {
  constexpr auto none = std::numeric_limits<std::int64_t>::max();
  const auto above = comm.min(part.above > 0 ? lines_below + part.above : none);
  const auto below = comm.min(part.below > 0 ? lines_below + part.below : none);
  if (above == none || below == none) return;
  throw at_line(
      file.path(), above,
      fmt::format("lies above the diagonal and line {} below it, and the banner says that either stands for both: "
                  "write 'general' if all entries are there, else keep one triangle",
                  below));
}

/// The header with what only the end of the file tells: whether the values of a dense skew-symmetric matrix have its
/// diagonal among them.
MmHeader completed(MmHeader header, std::int64_t total) {
  if (!header.dense || header.symmetry != MmSymmetry::skew) return header;
  header.diagonal = total > header.n * (header.n - 1) / 2;
  header.entries = dense_values(header);
  return header;
}
}  // namespace

Network finish_matrix_market(const Comm& comm, const InputFile& file, const MmHeader& as_read, MmPart&& part,
                             const ReadOptions& options) {
  const auto lines_below = as_read.lines + comm.sum_below(part.lines);
  const auto first = comm.sum_below(part.count);
  const auto total = comm.sum(part.count);
  const auto header = completed(as_read, total);
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
  check_one_triangle(comm, file, part, lines_below);
  agreed(comm, [&] {
    try {
      if (header.dense) place_dense_values(header, first, part.entries);
    } catch (const LineError& e) {
      throw bad_input(fmt::format("{}: {}", file.path(), e.what()));
    }
  });
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
