// Edge lists: what the columns mean, and the rows. The first byte chooses options, the rest is the file.
#include "io/edges/edge_rows.hpp"

#include <cmath>
#include <string>

#include "fuzz.hpp"
#include "io/text/line_blocks.hpp"

namespace {
using namespace synbal;

EdgeListOptions options_of(unsigned bits) {
  EdgeListOptions options;
  if ((bits & 1U) != 0) options.where = {"1!=x", "2=a", "2=b"};
  if ((bits & 2U) != 0) options.sign_column = "1";
  if ((bits & 4U) != 0) options.inhibitory = {"I,gaba"};
  if ((bits & 8U) != 0) options.weight = "none";
  if ((bits & 16U) != 0) options.separator = "blank";
  if ((bits & 32U) != 0) options.header = Header::absent;
  if ((bits & 64U) != 0) options.source = "2", options.target = "1";
  return options;
}

/// All rows, few at a time.
template <class Id>
std::size_t parse(const io::EdgeLayout& layout, std::string_view text) {
  io::EdgeRowParser<Id> parser(layout);
  io::EdgeBatch<Id> batch;
  std::size_t rows = 0;
  while (!text.empty()) {
    parser.take(text, batch, 3);
    fuzz::require(batch.source.size() == batch.weight.size() && batch.target.size() == batch.weight.size());
    for (const double w : batch.weight) fuzz::require(std::isfinite(w));
    if constexpr (std::is_same_v<Id, std::string_view>) {
      for (const auto name : batch.source) fuzz::require(!name.empty() && name == io::trimmed(name));
    }
    rows += batch.weight.size();
    batch.clear();
  }
  fuzz::require(static_cast<std::int64_t>(rows) == parser.taken() && parser.taken() <= parser.rows());
  return rows;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    const auto layout = io::recognise_layout(text.substr(0, io::kSampleBytes), text.size() < io::kSampleBytes,
                                             (data[0] & 128U) != 0, options_of(data[0]));
    fuzz::require(layout.head_bytes >= 0 && at(layout.head_bytes) <= text.size());
    if (layout.empty) return 0;
    const auto rows = text.substr(at(layout.head_bytes));
    const auto names = parse<std::string_view>(layout, rows);
    try {
      fuzz::require(parse<std::int64_t>(layout, rows) == names);
    } catch (const io::NamesFound&) {  // a good answer as well
    }
  } catch (const io::LineError& e) {
    fuzz::require(e.line() >= 1);
  }
  return 0;
}
