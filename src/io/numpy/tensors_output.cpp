// A length, a header of JSON padded to eight bytes, and the tensors one after the other.
#include "io/numpy/tensors_output.hpp"

#include <nlohmann/json.hpp>

#include "io/mark.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

TensorsOutput::TensorId TensorsOutput::tensor(const std::string& name, const std::string& dtype,
                                              const std::vector<std::int64_t>& shape, ByteCount size) {
  const auto begin = tensors_.empty() ? 0 : tensors_.back().end;
  tensors_.push_back({name, dtype, shape, begin, begin + size});
  return tensors_.size() - 1;
}

std::string TensorsOutput::header() const {
  nlohmann::json entries = nlohmann::json::object();
  entries["__metadata__"] = metadata_;
  entries["__metadata__"][kMarkName] = kMark;
  for (const auto& t : tensors_) {
    entries[t.name] = {{"dtype", t.dtype}, {"shape", t.shape}, {"data_offsets", {t.begin, t.end}}};
  }
  auto text = entries.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string length;
  for (int k = 0; k < 8; ++k) length += static_cast<char>(text.size() >> (8 * k) & 255U);
  return length + text;
}

void TensorsOutput::create(const Comm& comm, const std::string& path) {
  const auto head = agreed(comm, [&] { return header(); });
  data_ = std::ssize(head);
  file_ = std::make_unique<OutputFile>(comm, path);
  file_->allocate(data_ + (tensors_.empty() ? 0 : tensors_.back().end));
  file_->open_everywhere();
  agreed(comm, [&] {
    if (comm.is_root()) file_->write(0, head);
  });
}

void TensorsOutput::write(TensorId id, std::int64_t first, std::span<const double> values) {
  write_bytes(id, first * static_cast<ByteCount>(sizeof(double)), std::as_bytes(values));
}

void TensorsOutput::write_bytes(TensorId id, ByteCount offset, std::span<const std::byte> bytes) {
  file_->write(data_ + tensors_[id].begin + offset, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace synbal::io
