// Rows in batches: parsed while their text is at hand, their ids then looked up together.
#include "io/edges/edge_part.hpp"

namespace synbal::io {

namespace {
/// Rows looked up together: their slots are asked for before the first is needed, and stay within the first cache.
constexpr std::size_t kBatch = 512;
}  // namespace

template <class Id>
void EdgePart<Id>::reserve(ByteCount bytes) {
  const auto room =
      static_cast<std::size_t>(1.02 * static_cast<double>(bytes) / files_->layouts.front().bytes_a_row) + 16;
  source.reserve(room);
  target.reserve(room);
  weight.reserve(room);
}

template <class Id>
void EdgePart<Id>::drain() {
  table.number(batch_.source, source);
  table.number(batch_.target, target);
  weight.insert(weight.end(), batch_.weight.begin(), batch_.weight.end());
  batch_.clear();
}

template <class Id>
std::int64_t EdgePart<Id>::take(const TextPlace& place, std::string_view text) {
  if (failure || names_found) return kStop;
  EdgeRowParser<Id> parser(files_->layouts[at(place.file)]);
  try {
    while (!text.empty()) {
      parser.take(text, batch_, kBatch);
      drain();
    }
  } catch (const LineError& e) {
    failure = EdgeFailure{{place.file, place.line + e.line()}, e.what()};
  } catch (const NamesFound&) {
    names_found = true;
  }
  rows += parser.rows();
  return failure || names_found ? kStop : parser.lines();
}

template class EdgePart<std::int64_t>;
template class EdgePart<std::string_view>;

}  // namespace synbal::io
