// Records of an archive as in PKWARE's APPNOTE, section 4.3; checksums of the ranks' parts combined in rank order.
#include "io/numpy/npz_output.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "io/mark.hpp"
#include "io/numpy/npy_header.hpp"
#include "io/tuning.hpp"
#include "synbal/core/agree.hpp"

namespace synbal::io {

namespace {
constexpr std::uint16_t kVersion = 45;                    // of the format: with 64-bit sizes
constexpr std::uint16_t kDate = (0 << 9) | (1 << 5) | 1;  // 1980-01-01: the same network gives the same bytes
constexpr ByteCount kExtraSize = 20, kEntryExtra = 28;
constexpr ByteCount kEndSizes = 56 + 20 + 22 + sizeof(kMark) - 1;

/// Little-endian records.
class Record {
 public:
  Record& u16(std::uint64_t value) { return append(value, 2); }
  Record& u32(std::uint64_t value) { return append(value, 4); }
  Record& u64(std::uint64_t value) { return append(value, 8); }
  Record& text(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  Record& append(std::uint64_t value, int width) {
    for (int k = 0; k < width; ++k) bytes_ += static_cast<char>(value >> (8 * k) & 255U);
    return *this;
  }
  std::string bytes_;
};

std::uint64_t u(ByteCount value) { return static_cast<std::uint64_t>(value); }

/// What a member's own header and its entry in the directory begin with alike.
void add_facts(Record& record, const ZipMember& m) {
  record.u16(kVersion).u16(m.flags).u16(m.method).u16(0).u16(kDate).u32(m.crc).u32(UINT32_MAX).u32(UINT32_MAX);
}

std::string local_header(const ZipMember& m) {
  Record record;
  add_facts(record.u32(0x04034b50), m);
  record.u16(m.name.size()).u16(u(kExtraSize)).text(m.name);
  return record.u16(1).u16(16).u64(u(m.size)).u64(u(m.packed)).bytes();
}

std::string directory_entry(const ZipMember& m) {
  Record record;
  add_facts(record.u32(0x02014b50).u16(kVersion), m);
  record.u16(m.name.size()).u16(u(kEntryExtra)).u16(0).u16(0).u16(0).u32(0).u32(UINT32_MAX).text(m.name);
  return record.u16(1).u16(24).u64(u(m.size)).u64(u(m.packed)).u64(u(m.header)).bytes();
}
}  // namespace

NpzOutput::MemberId NpzOutput::array(const std::string& name, const std::string& type,
                                     const std::vector<std::int64_t>& shape, bool by_columns) {
  Member member;
  member.header = npy_header(type, shape, by_columns);
  member.facts.name = name + ".npy";
  ByteCount size = type.find_first_of("123456789") == type.npos ? 1 : std::stoll(type.substr(2));
  for (const auto s : shape) size *= s;
  member.facts.size = member.facts.packed = std::ssize(member.header) + size;
  members_.push_back(std::move(member));
  return members_.size() - 1;
}

NpzOutput::MemberId NpzOutput::copied(const ZipMember& member) {
  members_.push_back({member, {}, 0, 0, 0});
  members_.back().facts.flags &= 0x0800U;  // of the flags only the one about the name's letters still holds
  return members_.size() - 1;
}

void NpzOutput::create(const Comm& comm, const std::string& path) {
  comm_ = &comm;
  ByteCount place = 0, entries = 0;
  for (auto& member : members_) {
    member.facts.header = place;
    member.data = place + kZipLocalSize + std::ssize(member.facts.name) + kExtraSize + std::ssize(member.header);
    place = member.data + member.facts.packed - std::ssize(member.header);
    entries += kZipEntrySize + kEntryExtra + std::ssize(member.facts.name);
  }
  directory_ = place;
  file_ = std::make_unique<OutputFile>(comm, path);
  file_->allocate(directory_ + entries + kEndSizes);
  file_->open_everywhere();
}

void NpzOutput::put(MemberId id, ByteCount offset, std::span<const std::byte> bytes) {
  auto& member = members_[id];
  file_->write(member.data + offset, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  member.crc = checksum_of(bytes, member.crc);
  member.written += std::ssize(bytes);
}

void NpzOutput::copy(MemberId id, const InputFile& from, ByteCount begin) {
  const auto share = members_[id].facts.packed / comm_->size();
  auto offset = share * comm_->rank();
  const auto end = comm_->rank() + 1 == comm_->size() ? members_[id].facts.packed : offset + share;
  std::vector<char> block(at(std::min(static_cast<ByteCount>(tuning::kTextBlock), end - offset)));
  while (offset < end) {
    const auto part = std::span(block).first(at(std::min(std::ssize(block), end - offset)));
    if (from.read(begin + offset, part) < part.size()) {
      throw bad_input(from.path() + ": became shorter while being read: try again");
    }
    put(id, offset, std::as_bytes(part));
    offset += std::ssize(part);
  }
}

/// The checksum of all parts, which must be all there.
void NpzOutput::complete(Member& member) const {
  const auto sums = comm_->gather_all(member.crc);
  const auto lengths = comm_->gather_all(member.written);
  uLong total = crc32(0, reinterpret_cast<const Bytef*>(member.header.data()), static_cast<uInt>(member.header.size()));
  ByteCount length = std::ssize(member.header);
  for (std::size_t r = 0; r < sums.size(); ++r) {
    total = crc32_combine(total, sums[r], lengths[r]);
    length += lengths[r];
  }
  if (length != member.facts.packed) {
    throw internal_error(
        fmt::format("{} of {} bytes of {} were written", length, member.facts.packed, member.facts.name));
  }
  if (!member.header.empty()) member.facts.crc = static_cast<std::uint32_t>(total);
}

std::string NpzOutput::directory() const {
  std::string entries;
  for (const auto& member : members_) entries += directory_entry(member.facts);
  return entries;
}

std::string NpzOutput::end_records(ByteCount directory_size) const {
  const auto count = members_.size();
  Record record;
  record.u32(0x06064b50).u64(44).u16(kVersion).u16(kVersion).u32(0).u32(0).u64(count).u64(count);
  record.u64(u(directory_size)).u64(u(directory_));
  record.u32(0x07064b50).u32(0).u64(u(directory_ + directory_size)).u32(1);
  const auto few = std::min<std::uint64_t>(count, UINT16_MAX);
  record.u32(0x06054b50).u16(0).u16(0).u16(few).u16(few);
  record.u32(std::min<std::uint64_t>(u(directory_size), UINT32_MAX));
  record.u32(std::min<std::uint64_t>(u(directory_), UINT32_MAX));
  return record.u16(sizeof(kMark) - 1).text(kMark).bytes();
}

/// Everything around the members' bytes.
void NpzOutput::write_frame() const {
  for (const auto& member : members_) {
    file_->write(member.facts.header, local_header(member.facts) + member.header);
  }
  const auto entries = directory();
  file_->write(directory_, entries + end_records(std::ssize(entries)));
}

void NpzOutput::finish() {
  for (auto& member : members_) complete(member);
  agreed(*comm_, [&] {
    if (comm_->is_root()) write_frame();
  });
  file_->commit();
}

}  // namespace synbal::io
