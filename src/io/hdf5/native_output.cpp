// AnnData's csr_matrix, encoding version 0.1.0, for the weights; values per neuron beside it.
#include "io/hdf5/native_output.hpp"

#include <limits>

#include "io/arrays/network_array.hpp"

namespace synbal::io {

namespace {
void declare_sparse(Hdf5Output& output, const std::string& group, const char* type,
                    const std::vector<std::int64_t>& shape) {
  output.group(group);
  output.attribute(group, "encoding-type", VariableText{std::string(type)});
  output.attribute(group, "encoding-version", VariableText{"0.1.0"});
  output.attribute(group, "shape", shape);
}

}  // namespace

NativeOutput::NativeOutput(const Comm& comm, const Network& network, Hdf5Output& output, Precision precision)
    : network_(&network),
      output_(&output),
      precision_(precision),
      narrow_(network.size() <= std::numeric_limits<std::int32_t>::max()),
      first_entry_(comm.sum_below(network.row_ptr.back())) {
  declare_sparse(output, "/weights", "csr_matrix", {network.size(), network.size()});
  const char* const data = "/weights/data";
  const char* const indices = "/weights/indices";
  data_ = precision == Precision::full ? output.dataset<double>(data, network.nnz)
                                       : output.dataset<float>(data, network.nnz);
  indices_ =
      narrow_ ? output.dataset<std::int32_t>(indices, network.nnz) : output.dataset<std::int64_t>(indices, network.nnz);
  indptr_ = output.dataset<std::int64_t>("/weights/indptr", network.size() + 1);
  if (comm.any(!network.alpha.empty())) alpha_ = output.dataset<double>("/alpha", network.nnz);
  for_each_field([&](const char* name, const auto& values, auto& id) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    if (comm.any(!values.empty())) id = output_->dataset<T>(name, network_->size());
  });
  names_.emplace(comm, "/node_name", network.nodes.name, network.rows.first(), network.size(), output);
  for (auto& [name, array] : native_arrays(comm, network.arrays)) declare_array("/" + name, std::move(array));
}

void NativeOutput::declare_array(const std::string& path, NetworkArray&& array) {
  ArrayOutput out{std::move(array)};
  const auto& shape = out.array.shape;
  out.first = out.array.elements.first();
  if (out.array.pattern) {
    const auto& pattern = *out.array.pattern;
    declare_sparse(*output_, path, pattern.by_columns ? "csc_matrix" : "csr_matrix", shape);
    out.values = output_->dataset<double>(path + "/data", out.array.elements.size());
    out.index = output_->dataset<std::int64_t>(path + "/indices", out.array.elements.size());
    out.starts = output_->dataset<std::int64_t>(path + "/indptr", pattern.majors.size() + 1);
  } else if (shape.size() == 2) {
    out.values = output_->table<double>(path, shape[0], shape[1]);
  } else {
    out.values = output_->dataset<double>(path, shape[0]);
  }
  arrays_.push_back(std::move(out));
}

template <class Visit>
void NativeOutput::for_each_field(Visit&& visit) {
  const auto& nodes = network_->nodes;
  visit("/node_id", nodes.id, id_);
  visit("/pinned", nodes.pinned, pinned_);
  visit("/gain", nodes.gain, gain_);
  visit("/exponent", nodes.exponent, exponent_);
  visit("/group", nodes.group, group_);
  visit("/known_h", nodes.known_h, known_h_);
}

void NativeOutput::write() {
  write_weights();
  for_each_field([&](const char*, const auto& values, const auto& id) {
    if (id) output_->write(*id, network_->rows.first(), std::span(values));
  });
  names_->write(*output_);
  for (const auto& array : arrays_) write_array(array);
}

template <class Column>
void NativeOutput::write_columns(std::int64_t first, std::int64_t count, Column&& column) {
  const auto write = [&](auto zero) {
    using T = decltype(zero);
    write_in_pieces<T>(
        count, [&](std::int64_t k) { return static_cast<T>(column(k)); },
        [&](std::int64_t at, auto values) { output_->write(indices_, first + at, values); });
  };
  narrow_ ? write(std::int32_t{0}) : write(std::int64_t{0});
}

void NativeOutput::write_values(std::int64_t first, std::span<const double> weights) {
  if (precision_ == Precision::full) return output_->write(data_, first, weights);
  write_in_pieces<float>(
      std::ssize(weights), [&](std::int64_t k) { return static_cast<float>(weights[at(k)]); },
      [&](std::int64_t at, auto values) { output_->write(data_, first + at, values); });
}

void NativeOutput::write_rows(LocalIndex begin, const GlobalRows& rows) {
  const auto first = first_entry_ + network_->row_ptr[at(begin)];
  write_columns(first, std::ssize(rows.column), [&](std::int64_t k) { return rows.column[at(k)]; });
  write_values(first, rows.weight);
}

void NativeOutput::write_weights() {
  const auto& network = *network_;
  write_in_pieces<std::int64_t>(
      network.local_size(), [&](std::int64_t i) { return first_entry_ + network.row_ptr[at(i)]; },
      [&](std::int64_t at, auto values) { output_->write(indptr_, network.rows.first() + at, values); });
  if (network.rows.first() + network.local_size() == network.size()) {  // ranks behind the last row write the same
    const std::int64_t end = network.nnz;
    output_->write(indptr_, network.size(), std::span<const std::int64_t>(&end, 1));
  }
  write_columns(first_entry_, std::ssize(network.column),
                [&](std::int64_t k) { return network.global(network.column[at(k)]); });
  write_values(first_entry_, network.weight);
  if (alpha_) output_->write(*alpha_, first_entry_, std::span<const double>(network.alpha));
}

void NativeOutput::write_array(const ArrayOutput& out) {
  output_->write(out.values, out.first, std::span<const double>(out.array.values));
  if (!out.array.pattern) return;
  const auto& pattern = *out.array.pattern;
  output_->write(out.index, out.first, std::span<const GlobalIndex>(pattern.index));
  const auto end = pattern.majors.first() + pattern.majors.count() == pattern.majors.size() ? 1 : 0;
  std::vector<std::int64_t> starts(pattern.starts.begin(), pattern.starts.end() - 1 + end);
  for (auto& s : starts) s += out.first;
  output_->write(out.starts, pattern.majors.first(), std::span<const std::int64_t>(starts));
}

}  // namespace synbal::io
