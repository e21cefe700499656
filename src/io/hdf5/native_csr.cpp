// AnnData's csr_matrix, encoding version 0.1.0: datasets data, indices, indptr and the attribute shape.
#include "io/hdf5/native_csr.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace synbal::io {

namespace {
void check_encoding(const Hdf5Input& file, const std::string& group) {
  const auto type = file.text_attribute(group, "encoding-type");
  if (type != "csr_matrix") {
    throw file.error(
        fmt::format("attribute 'encoding-type' of {} is {}, not 'csr_matrix': store rows, one per "
                    "postsynaptic neuron",
                    group, quoted(type)));
  }
  const auto version = file.text_attribute(group, "encoding-version");
  if (version != "0.1.0") {
    throw file.error(
        fmt::format("attribute 'encoding-version' of {} is {}, and only '0.1.0' is known", group, quoted(version)));
  }
}

GlobalIndex checked_size(const Hdf5Input& file, const std::string& group) {
  const auto shape = file.integer_attribute(group, "shape");
  if (shape.size() != 2 || std::min(shape[0], shape[1]) < 0 || std::max(shape[0], shape[1]) > std::int64_t{1} << 60) {
    throw file.error(
        fmt::format("attribute 'shape' of {} is not a pair of sizes: store the number of neurons twice", group));
  }
  if (shape[0] != shape[1]) {
    throw file.error(
        fmt::format("attribute 'shape' of {} is {} x {}, not square: a recurrent network has as many rows "
                    "as columns",
                    group, shape[0], shape[1]));
  }
  return shape[0];
}

void check_lengths(const CsrGroup& csr) {
  if (csr.indptr.length != csr.n + 1) {
    throw bad_input(fmt::format("{} has {} elements for {} rows: it must have {}", csr.indptr.name, csr.indptr.length,
                                csr.n, csr.n + 1));
  }
  if (csr.indices.length != csr.data.length) {
    throw bad_input(fmt::format("{} has {} elements but {} has {}: they must be equally long", csr.indices.name,
                                csr.indices.length, csr.data.name, csr.data.length));
  }
}
}  // namespace

CsrGroup open_csr(const Hdf5Input& file, const std::string& group) {
  CsrGroup csr;
  csr.n = checked_size(file, group);
  check_encoding(file, group);
  csr.indptr = file.dataset(in_group(group, "indptr"), ElementKind::integer);
  csr.indices = file.dataset(in_group(group, "indices"), ElementKind::integer);
  csr.data = file.dataset(in_group(group, "data"), ElementKind::real);
  csr.nnz = csr.data.length;
  check_lengths(csr);
  return csr;
}

std::vector<std::int64_t> read_indptr(const Hdf5Input& file, const CsrGroup& csr, const Ownership& rows) {
  std::vector<std::int64_t> ptr(at(rows.count()) + 1);
  file.read(csr.indptr, rows.first(), rows.count() + 1, ptr.data());
  if (rows.first() == 0 && ptr.front() != 0) {
    throw bad_input(fmt::format("{} starts with {}: it must start with 0", csr.indptr.name, ptr.front()));
  }
  for (std::size_t i = 0; i + 1 < ptr.size(); ++i) {
    if (ptr[i] > ptr[i + 1] || ptr[i] < 0) {
      throw bad_input(fmt::format("{}: element {} is {}, after {}: offsets of rows must not fall", csr.indptr.name,
                                  rows.first() + static_cast<GlobalIndex>(i) + 1, ptr[i + 1], ptr[i]));
    }
  }
  const bool last = rows.first() + rows.count() == csr.n;
  if (ptr.back() > csr.nnz || (last && ptr.back() != csr.nnz)) {
    throw bad_input(fmt::format("{}: element {} is {} but there are {} entries: offsets end at the number of entries",
                                csr.indptr.name, rows.first() + rows.count(), ptr.back(), csr.nnz));
  }
  return ptr;
}

GlobalRows read_rows(const Hdf5Input& file, const CsrGroup& csr, const Ownership& rows) {
  GlobalRows own;
  own.row_ptr = read_indptr(file, csr, rows);
  const auto first = own.row_ptr.front(), count = own.row_ptr.back() - first;
  for (auto& p : own.row_ptr) p -= first;
  own.column.resize(at(count));
  file.read(csr.indices, first, count, own.column.data());
  const auto wrong =
      std::find_if(own.column.begin(), own.column.end(), [&](GlobalIndex j) { return j < 0 || j >= csr.n; });
  if (wrong != own.column.end()) {
    throw bad_input(fmt::format("{}: element {} is {}, outside 0..{}: indices count from 0", csr.indices.name,
                                first + (wrong - own.column.begin()), *wrong, csr.n - 1));
  }
  own.weight.resize(at(count));
  file.read(csr.data, first, count, own.weight.data());
  const auto odd = std::find_if(own.weight.begin(), own.weight.end(), [](double w) { return !std::isfinite(w); });
  if (odd != own.weight.end()) {
    throw bad_input(fmt::format("{}: element {} is {}: weights must be finite", csr.data.name,
                                first + (odd - own.weight.begin()), *odd));
  }
  return own;
}

// ---- writing

NativeOutput::NativeOutput(const Comm& comm, const Network& network, Hdf5Output& output)
    : network_(&network), output_(&output), first_entry_(comm.sum_below(std::ssize(network.weight))) {
  output.group("/weights");
  output.attribute("/weights", "encoding-type", std::string("csr_matrix"));
  output.attribute("/weights", "encoding-version", std::string("0.1.0"));
  output.attribute("/weights", "shape", std::vector<std::int64_t>{network.size(), network.size()});
  data_ = output.dataset<double>("/weights/data", network.nnz);
  indices_ = output.dataset<std::int64_t>("/weights/indices", network.nnz);
  indptr_ = output.dataset<std::int64_t>("/weights/indptr", network.size() + 1);
  for_each_field([&](const char* name, const auto& values, auto& id) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    if (comm.any(!values.empty())) id = output_->dataset<T>(name, network_->size());
  });
}

template <class Visit>
void NativeOutput::for_each_field(Visit&& visit) {
  const auto& nodes = network_->nodes;
  visit("/node_id", nodes.id, id_);
  visit("/pinned", nodes.pinned, pinned_);
  visit("/gain", nodes.gain, gain_);
  visit("/exponent", nodes.exponent, exponent_);
}

void NativeOutput::write() {
  write_weights();
  for_each_field([&](const char*, const auto& values, const auto& id) {
    if (id) output_->write(*id, network_->rows.first(), std::span(values));
  });
}

void NativeOutput::write_weights() {
  const auto& network = *network_;
  const auto entries = std::ssize(network.weight);
  write_in_pieces<std::int64_t>(
      network.local_size(), [&](std::int64_t i) { return first_entry_ + network.row_ptr[at(i)]; },
      [&](std::int64_t at, auto values) { output_->write(indptr_, network.rows.first() + at, values); });
  if (network.rows.first() + network.local_size() == network.size()) {  // ranks behind the last row write the same
    const std::int64_t end = network.nnz;
    output_->write(indptr_, network.size(), std::span<const std::int64_t>(&end, 1));
  }
  write_in_pieces<std::int64_t>(
      entries, [&](std::int64_t k) { return network.global(network.column[at(k)]); },
      [&](std::int64_t at, auto values) { output_->write(indices_, first_entry_ + at, values); });
  output_->write(data_, first_entry_, std::span<const double>(network.weight));
}

}  // namespace synbal::io
