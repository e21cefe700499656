// The writer: a file with room for more rows than there are, filled in place with positioned writes, replaced by a
// larger copy when it is full and by one of exact size at the end, under the final name. The row counter is written
// after the row.
#include "synbal/io/trajectory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <utility>

#include "io/hdf5/node_names.hpp"
#include "io/hdf5/provenance.hpp"
#include "io/trajectory/trajectory_columns.hpp"
#include "io/trajectory/trajectory_room.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"

namespace synbal {

namespace {
using io::Hdf5Output;
using io::ScatteredColumns;

constexpr ByteCount kWord = 8;  // everything in the file is a float64 or an int64

template <class T>
std::span<const char> bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

/// A file open for positioned reading and writing.
class RowFile {
 public:
  RowFile() = default;
  explicit RowFile(const std::string& path) : path_(path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) throw io::cannot_write(path_, errno);
    fd_ = io::FileDescriptor::adopt(descriptor);
  }

  template <class T>
  void write(ByteCount offset, std::span<const T> values) const {
    io::write_at(fd_.get(), path_, offset, bytes_of(values));
  }
  void read(ByteCount offset, std::span<double> values) const {
    const std::span into(reinterpret_cast<char*>(values.data()), values.size_bytes());
    if (io::read_at(fd_.get(), path_, offset, into) < into.size()) throw damaged();
  }
  void flush() const {
    if (::fsync(fd_.get()) != 0) throw io::cannot_write(path_, errno);
  }
  [[nodiscard]] Error damaged() const {
    return io_failure(
        fmt::format("{}: rows cannot be read back as they were written (failing disk, or another program "
                    "changed the file): write elsewhere",
                    path_));
  }

 private:
  std::string path_;
  io::FileDescriptor fd_;
};

/// Something of which every row of the trajectory has a number of values: a scalar or a table.
struct Series {
  std::int64_t width = 1;
  std::int64_t first = 0, count = 0;  ///< the columns that this rank writes
  Hdf5Output::DatasetId id = 0;
  ByteCount offset = 0;

  [[nodiscard]] ByteCount place(std::int64_t row) const { return offset + kWord * (row * width + first); }
};

std::string rooted(const std::string& name) { return name.starts_with('/') ? name : "/" + name; }

/// Numbers in a row.
std::int64_t words_of(const TrajectoryLayout& layout) {
  auto words = std::ssize(layout.scalars);
  for (const auto& table : layout.tables) words += table.width;
  return std::max<std::int64_t>(words, 1);
}

/// Room that is neither often used up nor a burden on the disk.
std::int64_t first_capacity(const TrajectoryLayout& layout) {
  if (layout.expected_rows > 0) return layout.expected_rows;
  return std::clamp<std::int64_t>((ByteCount{32} << 20) / (kWord * words_of(layout)), 8, 1024);
}

/// Not collective. Whether something stands there that may be of use to somebody.
bool of_use(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return !none && size > 0;
}
}  // namespace

std::string growing_trajectory(const std::string& path) {
  const auto place = io::resolved(path);
  return (place.ends_with(".h5") ? place.substr(0, place.size() - 3) : place) + ".growing.h5";
}

struct TrajectoryWriter::Body {
  const Comm* comm = nullptr;
  std::string path, growing;  // where it ends, and where it is until then; one name where nothing stood there
  TrajectoryLayout layout;
  Provenance about;
  std::vector<ScatteredColumns> columns;               // of every table
  std::vector<std::vector<std::int64_t>> label_block;  // what this rank writes of every label
  std::vector<std::int64_t> label_first;
  std::vector<Texts> label_text;
  std::vector<io::NameOutput> label_names;
  std::vector<Series> series;  // scalars, then tables
  Hdf5Output::DatasetId rows_id = 0;
  ByteCount rows_offset = 0;
  std::vector<Hdf5Output::DatasetId> label_id;
  std::int64_t capacity = 0, rows = 0;
  RowFile file;
  std::vector<std::uint32_t> checksums;  // of what this rank wrote, one a row, in the order of `series`
  std::int64_t first_own = 0;            // row: those before it are of an earlier run
  bool failed = false;

  void start(const Comm& of, std::string to, TrajectoryLayout what, const Provenance& whose);
  void choose_file();
  void expect_room(std::int64_t total) const;
  void take_over(const TrajectoryPlace& place);
  void take_rows(const std::string& from, const TrajectoryPlace& place);
  void find_rows(const io::Hdf5Input& found, const TrajectoryPlace& place);
  void set_up();
  void declare(Hdf5Output& output, std::int64_t room);
  void replace(std::int64_t room, const std::string& to, bool last = false);
  void copy_rows(Hdf5Output& output, const Series& from, std::int64_t room) const;
  void check_written() const;
  void write_row(std::span<const double> scalars, const std::vector<std::vector<double>>& blocks);
};

void TrajectoryWriter::Body::start(const Comm& of, std::string to, TrajectoryLayout what, const Provenance& whose) {
  comm = &of, path = std::move(to), layout = std::move(what), about = whose;
  about.reason = "running";
  set_up();
}

/// Collective. Where rows go that go on with nothing.
void TrajectoryWriter::Body::choose_file() {
  const auto beside = growing_trajectory(path);
  const bool kept = comm->any(comm->is_root() && of_use(path));
  growing = kept ? beside : path;
  if (!comm->is_root()) return;
  if (kept) log_info("{} stands there: what replaces it grows in {} until it is whole", path, beside);
  if (!of_use(beside)) return;
  log_info("{}: a run that did not come to its end left it, and it goes now", beside);
  if (!kept) ::unlink(beside.c_str());
}

/// Collective. @throws Error io_failure when so many rows have no place.
void TrajectoryWriter::Body::expect_room(std::int64_t total) const {
  if (total > rows) io::expect_room_for(*comm, path, {total, words_of(layout), rows});
}

/// Collective. The rows of an earlier run become those of this writer.
void TrajectoryWriter::Body::take_over(const TrajectoryPlace& place) {
  const auto beside = growing_trajectory(path);
  if (comm->any(comm->is_root() && of_use(beside))) {
    try {
      return take_rows(beside, place);
    } catch (const Error& e) {  // of all ranks together
      log_warning("{}; looking into {} itself", e.what(), path);
    }
  }
  take_rows(path, place);
}

/// Collective.
void TrajectoryWriter::Body::take_rows(const std::string& from, const TrajectoryPlace& place) {
  {
    const auto found = io::Hdf5Input::open_unchanged(*comm, from);
    agreed(*comm, [&] { find_rows(found, place); });
  }
  file = agreed(*comm, [&] { return RowFile(from); });
  growing = from;
  rows = first_own = capacity = place.rows;
}

/// Not collective. Where the series lie in the file.
void TrajectoryWriter::Body::find_rows(const io::Hdf5Input& found, const TrajectoryPlace& place) {
  const auto refuse = [&](const std::string& what) {
    return bad_input(
        fmt::format("{}: {}, but the run goes on after row {} at time {:g}: put back the trajectory of that "
                    "run, or begin anew",
                    found.path(), what, place.rows, place.time));
  };
  if (!found.exists("/rows") || !found.exists("/time")) throw refuse("is no trajectory");
  if (io::read_provenance(found).input_checksum != about.input_checksum) throw refuse("is of another network");
  std::int64_t whole = 0;
  const auto counter = found.dataset("/rows", io::ElementKind::integer);
  if (counter.length == 1) found.read(counter, 0, 1, &whole);
  if (whole < place.rows) throw refuse(fmt::format("has {} rows", whole));
  for (std::size_t k = 0; k < series.size(); ++k) {
    const bool scalar = k < layout.scalars.size();
    const auto name = rooted(scalar ? layout.scalars[k] : layout.tables[k - layout.scalars.size()].name);
    if (!found.exists(name)) throw refuse("has no " + name);
    const auto offset = io::offset_of_doubles(scalar ? found.dataset(name, io::ElementKind::real) : found.table(name),
                                              place.rows, series[k].width);
    if (!offset) throw refuse("holds something else in " + name);
    series[k].offset = *offset;
  }
  double time = 0;
  found.read(found.dataset("/time", io::ElementKind::real), place.rows - 1, 1, &time);
  if (time != place.time) throw refuse(fmt::format("has the time {:g} there", time));
}

/// Collective. Who writes which columns.
void TrajectoryWriter::Body::set_up() {
  for (std::size_t k = 0; k < layout.scalars.size(); ++k) series.push_back({1, 0, comm->is_root() ? 1 : 0});
  for (const auto& table : layout.tables) {
    const auto& c = columns.emplace_back(*comm, table.place, table.width);
    series.push_back({table.width, c.first(), c.count()});
  }
  for (const auto& label : layout.labels) {
    const ScatteredColumns c(*comm, label.place, label.width);
    label_first.push_back(c.first());
    label_block.push_back(c.block<std::int64_t>(label.value));
    label_text.push_back(comm->any(!label.text.empty()) ? c.block(label.text) : Texts{});
  }
}

void TrajectoryWriter::Body::declare(Hdf5Output& output, std::int64_t room) {
  for (const auto& name : layout.scalars) output.groups_above(rooted(name));
  for (const auto& table : layout.tables) output.groups_above(rooted(table.name));
  for (const auto& label : layout.labels) output.groups_above(rooted(label.name));
  rows_id = output.dataset<std::int64_t>("/rows", 1);
  auto next = series.begin();
  for (const auto& name : layout.scalars) (next++)->id = output.dataset<double>(rooted(name), room);
  for (const auto& table : layout.tables) (next++)->id = output.table<double>(rooted(table.name), room, table.width);
  label_id.clear(), label_names.clear();
  for (std::size_t k = 0; k < layout.labels.size(); ++k) {
    const auto& label = layout.labels[k];
    label_id.push_back(output.dataset<std::int64_t>(rooted(label.name), label.width));
    label_names.emplace_back(*comm, rooted(label.name) + "_name", label_text[k], label_first[k], label.width, output);
  }
  io::declare_provenance(about, output);
}

/// Not collective. This rank's share of the rows there are and of the room behind them, whoever wrote them.
void TrajectoryWriter::Body::copy_rows(Hdf5Output& output, const Series& from, std::int64_t room) const {
  const auto share = [&](std::int64_t all, std::int64_t r) {
    return all / comm->size() * r + std::min(all % comm->size(), r);
  };
  const auto words = room * from.width, filled = rows * from.width;
  const auto begin = share(words, comm->rank()), end = share(words, comm->rank() + 1);
  std::vector<double> piece;
  for (auto first = begin; first < end; first += io::tuning::kPiece) {
    piece.assign(at(std::min(io::tuning::kPiece, end - first)), std::numeric_limits<double>::quiet_NaN());
    const auto known = std::clamp<std::int64_t>(filled - first, 0, std::ssize(piece));
    if (known > 0) file.read(from.offset + kWord * first, std::span(piece).first(at(known)));
    output.write<double>(from.id, first, piece);
  }
}

/// Not collective. What this rank wrote is still there.
void TrajectoryWriter::Body::check_written() const {
  auto expected = checksums.begin();
  std::vector<double> values;
  for (std::int64_t row = first_own; row < rows; ++row) {
    std::uint32_t sum = 0;
    for (const auto& s : series) {
      values.resize(at(s.count));
      file.read(s.place(row), values);
      sum = io::checksum_of(std::as_bytes(std::span(values)), sum);
    }
    if (sum != *expected++) throw file.damaged();
  }
}

/// Collective. Another file at `to` with the same rows and room for `room` takes the place of the one there is, if any.
void TrajectoryWriter::Body::replace(std::int64_t room, const std::string& to, bool last) {
  if (capacity > 0) {
    // Closed and opened again: on network file systems that is when other hosts' writes can be seen.
    file = {};
    comm->barrier();
    file = agreed(*comm, [&] { return RowFile(growing); });
    agreed(*comm, [&] { check_written(); });
  }
  const auto old = series;
  Hdf5Output next;
  if (last) next.seal();
  declare(next, room);
  next.create(*comm, to);
  agreed(*comm, [&] {
    for (std::size_t k = 0; k < series.size(); ++k) {
      auto from = old[k];
      from.id = series[k].id;
      copy_rows(next, from, room);
    }
  });
  for (std::size_t k = 0; k < label_id.size(); ++k)
    next.write<std::int64_t>(label_id[k], label_first[k], label_block[k]);
  for (const auto& names : label_names) names.write(next);
  if (comm->is_root()) next.write<std::int64_t>(rows_id, 0, std::span(&rows, 1));
  next.finish();
  for (auto& s : series) s.offset = next.offset(s.id);
  rows_offset = next.offset(rows_id);
  capacity = room;
  file = {};
  growing = to;
  file = agreed(*comm, [&] { return RowFile(growing); });
}

/// Not collective. Everything but the counter.
void TrajectoryWriter::Body::write_row(std::span<const double> scalars,
                                       const std::vector<std::vector<double>>& blocks) {
  std::uint32_t sum = 0;
  for (std::size_t k = 0; k < series.size(); ++k) {
    const bool scalar = k < scalars.size();
    const auto values =
        scalar ? scalars.subspan(k, at(series[k].count)) : std::span<const double>(blocks[k - scalars.size()]);
    file.write(series[k].place(rows), values);
    sum = io::checksum_of(std::as_bytes(values), sum);
  }
  checksums.push_back(sum);
}

TrajectoryWriter::TrajectoryWriter(const Comm& comm, std::string path, TrajectoryLayout layout, const Provenance& about)
    : body_(std::make_unique<Body>()) {
  body_->start(comm, std::move(path), std::move(layout), about);
  body_->expect_room(body_->layout.expected_rows);
  body_->choose_file();
  body_->replace(first_capacity(body_->layout), body_->growing);
}

TrajectoryWriter::TrajectoryWriter(const Comm& comm, std::string path, TrajectoryLayout layout, const Provenance& about,
                                   const TrajectoryPlace& place)
    : body_(std::make_unique<Body>()) {
  body_->start(comm, std::move(path), std::move(layout), about);
  place.rows > 0 ? body_->take_over(place) : body_->choose_file();
  body_->expect_room(body_->layout.expected_rows);
  const bool foreseen = body_->layout.expected_rows > 0;
  const auto room = std::max(first_capacity(body_->layout), foreseen ? place.rows + 1 : 2 * place.rows);
  body_->replace(room, body_->growing);
}

TrajectoryWriter::~TrajectoryWriter() {
  auto& b = *body_;
  if (b.rows == 0 && b.growing != b.path && b.comm->is_root()) ::unlink(b.growing.c_str());  // of no use to anybody
}

std::int64_t TrajectoryWriter::rows() const noexcept { return body_->rows; }
const std::string& TrajectoryWriter::file() const noexcept { return body_->growing; }

void TrajectoryWriter::append(std::span<const double> scalars, std::span<const std::span<const double>> tables) {
  auto& b = *body_;
  const bool fits = scalars.size() == b.layout.scalars.size() && tables.size() == b.columns.size();
  if (!fits || b.failed) throw internal_error("a row does not fit the trajectory, or writing it failed before");
  std::vector<std::vector<double>> blocks;
  for (std::size_t k = 0; k < tables.size(); ++k) blocks.push_back(b.columns[k].block<double>(tables[k]));
  b.failed = true;
  if (b.rows == b.capacity) b.expect_room(2 * b.capacity), b.replace(2 * b.capacity, b.growing);
  agreed(*b.comm, [&] { b.write_row(scalars, blocks); });
  const auto whole = b.rows + 1;
  agreed(*b.comm, [&] {
    if (b.comm->is_root()) b.file.write<std::int64_t>(b.rows_offset, std::span(&whole, 1));
  });
  b.rows = whole;
  b.failed = false;
}

void TrajectoryWriter::flush() {
  agreed(*body_->comm, [&] { body_->file.flush(); });
}

void TrajectoryWriter::finish(const Provenance& about) {
  auto& b = *body_;
  b.about = about;
  try {
    b.replace(b.rows, b.path, true);
  } catch (const Error& e) {  // of all ranks together
    throw Error(e.code(), fmt::format("{}; all {} rows of {} are readable, but it still says 'running'", e.what(),
                                      b.rows, b.growing));
  }
  if (b.comm->is_root()) ::unlink(growing_trajectory(b.path).c_str());
}

}  // namespace synbal
