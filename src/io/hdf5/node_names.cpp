// Names padded to equal room, and back.
#include "io/hdf5/node_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace synbal::io {

Texts read_node_names(const Hdf5Input& file, const std::string& dataset, const Ownership& rows) {
  const auto found = file.texts(dataset);
  if (found.length != rows.size()) {
    throw bad_input(
        fmt::format("{} has {} elements for {} neurons: give one per neuron", found.name, found.length, rows.size()));
  }
  std::vector<char> letters(at(rows.count() * found.width));
  file.read_letters(found, rows.first() * found.width, std::ssize(letters), letters.data());
  Texts names;
  for (LocalIndex i = 0; i < rows.count(); ++i) {
    const std::string_view padded(letters.data() + i * found.width, at(found.width));
    const auto name = padded.substr(0, padded.find('\0'));
    if (name.empty()) {
      throw bad_input(fmt::format("{}: element {} is empty: give every neuron a name", found.name, rows.first() + i));
    }
    names.push_back(name);
  }
  return names;
}

NameOutput::NameOutput(const Comm& comm, const std::string& path, const Texts& names, GlobalIndex first,
                       GlobalIndex length, Hdf5Output& output)
    : names_(&names), first_(first) {
  for (std::size_t k = 0; k < names.size(); ++k) width_ = std::max(width_, std::ssize(names[k]));
  width_ = comm.max(width_);
  if (width_ > 0) id_ = output.texts(path, length, width_);
}

void NameOutput::write(Hdf5Output& output) const {
  if (!id_) return;
  const auto step = std::max<std::int64_t>(1, tuning::kPiece / width_);
  const auto all = static_cast<std::int64_t>(names_->size());
  std::vector<std::uint8_t> piece;
  for (std::int64_t k = 0; k < all; k += step) {
    const auto count = std::min(step, all - k);
    piece.assign(at(count * width_), 0);
    for (std::int64_t i = 0; i < count; ++i) std::ranges::copy((*names_)[at(k + i)], piece.begin() + i * width_);
    output.write<std::uint8_t>(*id_, (first_ + k) * width_, piece);
  }
}

}  // namespace synbal::io
