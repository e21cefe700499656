// From the end of the file to the directory, and through its entries. Names as in PKWARE's APPNOTE, section 4.3.
#include "io/numpy/zip_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "io/tuning.hpp"

namespace synbal::io {

namespace {
constexpr std::uint32_t kEndSignature = 0x06054b50, kLocatorSignature = 0x07064b50, kEnd64Signature = 0x06064b50,
                        kEntrySignature = 0x02014b50, kLocalSignature = 0x04034b50;
constexpr ByteCount kEndSize = 22, kLocatorSize = 20, kEnd64Size = 56;
constexpr ByteCount kLongestComment = 65535;
constexpr std::uint16_t kZip64Extra = 1;

std::uint64_t number(std::span<const std::byte> bytes, ByteCount offset, int width) {
  std::uint64_t value = 0;
  for (int k = width - 1; k >= 0; --k) value = value << 8 | static_cast<std::uint64_t>(bytes[at(offset + k)]);
  return value;
}
std::uint16_t number16(std::span<const std::byte> bytes, ByteCount offset) {
  return static_cast<std::uint16_t>(number(bytes, offset, 2));
}
std::uint32_t number32(std::span<const std::byte> bytes, ByteCount offset) {
  return static_cast<std::uint32_t>(number(bytes, offset, 4));
}

Error unreadable(const std::string& where, std::string_view why) {
  return bad_input(
      fmt::format("{}: cannot be read as a zip archive ({}): get the file again, or write it with numpy", where, why));
}

struct EndRecord {
  ByteCount offset = 0, size = 0;
  std::uint64_t entries = 0;
};

/// A number of the file as a place or length within it.
ByteCount within(const std::string& where, std::uint64_t value, ByteCount size) {
  if (std::cmp_less_equal(value, size)) return static_cast<ByteCount>(value);
  throw unreadable(where, "a place or length lies behind its end: truncated, or damaged");
}

std::vector<std::byte> bytes_at(const ByteSource& read, ByteCount offset, ByteCount count) {
  std::vector<std::byte> bytes(at(count));
  read(offset, bytes);
  return bytes;
}

/// Where the end record begins in the last bytes of the file.
ByteCount find_end(const std::string& where, std::span<const std::byte> tail) {
  for (auto k = std::ssize(tail) - kEndSize; k >= 0; --k) {
    if (number32(tail, k) == kEndSignature && number16(tail, k + 20) <= std::ssize(tail) - kEndSize - k) return k;
  }
  throw unreadable(where, "no end record: truncated, or another kind of file");
}

EndRecord directory64(const std::string& where, ByteCount size, std::uint64_t place, const ByteSource& read) {
  const auto offset = within(where, place, size - kEnd64Size);
  const auto end = bytes_at(read, offset, kEnd64Size);
  if (number32(end, 0) != kEnd64Signature) throw unreadable(where, "its zip64 end record is missing");
  return {within(where, number(end, 48, 8), size), within(where, number(end, 40, 8), size), number(end, 32, 8)};
}

EndRecord find_directory(const std::string& where, ByteCount size, const ByteSource& read) {
  const auto length = std::min(size, kEndSize + kLongestComment + kLocatorSize);
  const auto tail = bytes_at(read, size - length, length);
  const auto end = find_end(where, tail);
  if (end >= kLocatorSize && number32(tail, end - kLocatorSize) == kLocatorSignature) {
    return directory64(where, size, number(tail, end - kLocatorSize + 8, 8), read);
  }
  return {within(where, number32(tail, end + 16), size), within(where, number32(tail, end + 12), size),
          number16(tail, end + 10)};
}

/// Sizes and place of a member that its extra field holds because they do not fit into 32 bits.
void take_extra(const std::string& where, std::span<const std::byte> extra, ByteCount size, ZipMember& member,
                const std::array<bool, 3>& wanted) {
  for (ByteCount k = 0; k + 4 <= std::ssize(extra);) {
    const auto length = number16(extra, k + 2);
    if (k + 4 + length > std::ssize(extra)) break;
    if (number16(extra, k) == kZip64Extra) {
      ByteCount next = k + 4;
      const std::array into{&member.size, &member.packed, &member.header};
      for (std::size_t w = 0; w < wanted.size(); ++w) {
        if (!wanted[w]) continue;
        if (next + 8 > k + 4 + length) throw unreadable(where, "a zip64 field is too short");
        const auto value = number(extra, next, 8);
        // What a member unpacks to may be larger than the file: judged with all members below.
        *into[w] =
            w == 0 && value < (std::uint64_t{1} << 60) ? static_cast<ByteCount>(value) : within(where, value, size);
        next += 8;
      }
      return;
    }
    k += 4 + length;
  }
  throw unreadable(where, "a zip64 field is missing");
}

/// The entry at `offset` of the directory; moves `offset` behind it.
ZipMember entry_at(const std::string& where, std::span<const std::byte> directory, ByteCount& offset, ByteCount size) {
  if (offset + kZipEntrySize > std::ssize(directory) || number32(directory, offset) != kEntrySignature) {
    throw unreadable(where, "its directory is cut or damaged");
  }
  const auto entry = directory.subspan(at(offset));
  const ByteCount name = number16(entry, 28), extra = number16(entry, 30), comment = number16(entry, 32);
  if (kZipEntrySize + name + extra + comment > std::ssize(entry))
    throw unreadable(where, "its directory is cut or damaged");
  ZipMember member;
  member.name.assign(reinterpret_cast<const char*>(entry.data()) + kZipEntrySize, at(name));
  member.flags = number16(entry, 8), member.method = number16(entry, 10), member.crc = number32(entry, 16);
  member.packed = number32(entry, 20), member.size = number32(entry, 24), member.header = number32(entry, 42);
  const std::array wanted{member.size == UINT32_MAX, member.packed == UINT32_MAX, member.header == UINT32_MAX};
  if (std::ranges::any_of(wanted, [](bool w) { return w; })) {
    take_extra(where, entry.subspan(at(kZipEntrySize + name), at(extra)), size, member, wanted);
  }
  offset += kZipEntrySize + name + extra + comment;
  return member;
}

void check_member(const std::string& where, const ZipMember& member, ByteCount end) {
  if ((member.flags & 1U) != 0) throw bad_input(where + ": is encrypted: write it without a password");
  if (member.method != kZipStored && member.method != kZipDeflated) {
    throw bad_input(
        fmt::format("{}: uses compression method {}: store it uncompressed or with deflate "
                    "(numpy.savez, numpy.savez_compressed)",
                    where, member.method));
  }
  const bool possible =
      member.method == kZipStored
          ? member.packed == member.size
          : static_cast<double>(member.size) <= tuning::kMostCompression * (static_cast<double>(member.packed) + 16);
  if (!possible) {
    throw unreadable(where, fmt::format("it claims to unpack {} bytes from {}", member.size, member.packed));
  }
  if (member.header > end - kZipLocalSize || member.packed > end - kZipLocalSize - member.header) {
    throw unreadable(where, "it lies behind the end of the file: truncated, or damaged");
  }
}
}  // namespace

std::vector<ZipMember> read_zip_directory(const std::string& where, ByteCount size, const ByteSource& read) {
  if (size < kEndSize) throw unreadable(where, size == 0 ? "the file is empty" : "too short");
  const auto found = find_directory(where, size, read);
  if (found.size > size - found.offset) throw unreadable(where, "its directory lies behind its end: truncated");
  if (found.entries > static_cast<std::uint64_t>(found.size / kZipEntrySize)) {
    throw unreadable(where,
                     fmt::format("it announces {} members in a directory of {} bytes", found.entries, found.size));
  }
  const auto directory = bytes_at(read, found.offset, found.size);
  std::vector<ZipMember> members;
  std::set<std::string> names;
  ByteCount offset = 0;
  for (std::uint64_t k = 0; k < found.entries; ++k) {
    members.push_back(entry_at(where, directory, offset, size));
    const auto& member = members.back();
    check_member(fmt::format("{}: member {}", where, member.name.substr(0, 100)), member, found.offset);
    if (!names.insert(member.name).second) {
      throw bad_input(fmt::format("{}: has two members {}: give each array a name of its own", where, member.name));
    }
  }
  return members;
}

ByteCount packed_bytes_of(const std::string& where, ByteCount size, const ZipMember& member, const ByteSource& read) {
  const auto local = bytes_at(read, member.header, kZipLocalSize);
  const auto begin = member.header + kZipLocalSize + number16(local, 26) + number16(local, 28);
  if (number32(local, 0) != kLocalSignature || number16(local, 8) != member.method || begin > size - member.packed) {
    throw unreadable(where, "its own header contradicts the directory");
  }
  return begin;
}

}  // namespace synbal::io
