// Every rank reads what it needs of the file by itself.
#include "synbal/io/series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/hdf5/hdf5_file.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/io/formats.hpp"

namespace synbal {

struct TimeSeries::Body {
  const Comm* comm;
  io::Hdf5Input file;
  io::Dataset dataset;
};

static io::Dataset opened(const io::Hdf5Input& file, const std::string& name) {
  if (!file.exists(name)) throw file.error(fmt::format("has no dataset {}: name one of its datasets", name));
  auto found = file.array(name);
  if (found.shape.size() > 4 || found.length == 0) {
    throw bad_input(
        fmt::format("{} has {} dimensions and {} elements: give an array of times x channels x conditions x trials",
                    found.name, found.shape.size(), found.length));
  }
  return found;
}

TimeSeries::TimeSeries(const Comm& comm, const std::string& option, const std::string& from, const std::string& usual) {
  const Hdf5Path path(from);
  if (!path.is_hdf5()) {
    throw usage_error(fmt::format("{} {}: is no HDF5 file: give FILE.h5 or FILE.h5:/DATASET", option, from));
  }
  auto file = io::Hdf5Input::open(comm, path.file);
  auto dataset = agreed(comm, [&] { return opened(file, path.inside.empty() ? usual : path.inside); });
  for (std::size_t axis = 0; axis < dataset.shape.size(); ++axis) {
    shape_[axis] = static_cast<std::int64_t>(dataset.shape[axis]);
  }
  body_ = std::make_unique<Body>(Body{&comm, std::move(file), std::move(dataset)});
}

TimeSeries::TimeSeries(TimeSeries&&) noexcept = default;
TimeSeries::~TimeSeries() = default;

const std::string& TimeSeries::name() const noexcept { return body_->dataset.name; }

std::vector<double> TimeSeries::read(std::int64_t first, std::int64_t count) const {
  return agreed(*body_->comm, [&] {
    std::vector<double> values(at(count * width()));
    body_->file.read(body_->dataset, first * width(), std::ssize(values), values.data());
    const auto odd = std::ranges::find_if_not(values, [](double v) { return std::isfinite(v); });
    if (odd == values.end()) return values;
    const auto place = first * width() + (odd - values.begin());
    throw bad_input(fmt::format("{}: element {} (at time {}, counted from 0) is {}: give finite numbers", name(), place,
                                place / width(), *odd));
  });
}

}  // namespace synbal
