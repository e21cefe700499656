// What a file says of who made it, from its first bytes, and its last ones for archives.
#include "synbal/io/target.hpp"

#include <hdf5.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "io/hdf5/hdf5_file.hpp"
#include "io/mark.hpp"
#include "io/text/gz_text.hpp"
#include "synbal/io/stream.hpp"

namespace synbal {

namespace {
constexpr std::size_t kBegin = 65536;  // bytes: more than any mark of a text, and most headers of tensors
/// Of the native format and SONATA: what this program writes.
constexpr std::array kNetworkGroups{"/weights", "/edges"};
/// What the first lines of tables begin with, as far as nobody else's would.
constexpr std::array<std::string_view, 14> kTables{"neuron,h,input_factor,",
                                                   "postsynaptic,presynaptic,resistance,lower,",
                                                   "postsynaptic,presynaptic,cost,conductance,",
                                                   "postsynaptic,presynaptic,conductance,resistance,",
                                                   "postsynaptic,presynaptic,takes_part,",
                                                   "id,x\n",
                                                   "id,x_1",
                                                   "id,vector_1",
                                                   "id,diagonal,error",
                                                   "id,resistance,error",
                                                   "id,u_1",
                                                   "id,u1_1",
                                                   "id,predicted_input_log,",
                                                   "name,index\n"};

/// Whether an HDF5 file says that it is this program's.
bool says_synbal(hid_t file) {
  const auto root = io::Hid::adopt(H5Gopen2(file, "/", H5P_DEFAULT));
  if (H5Aexists(root.get(), io::kMarkName) <= 0) return false;
  const auto attribute = io::Hid::adopt(H5Aopen(root.get(), io::kMarkName, H5P_DEFAULT));
  const auto type = io::Hid::adopt(H5Aget_type(attribute.get()));
  if (H5Tget_class(type.get()) != H5T_STRING) return false;
  return H5Tis_variable_str(type.get()) > 0 || H5Tget_size(type.get()) == std::string_view(io::kMark).size();
}

Target hdf5_target(const io::InputFile& bytes) {
  try {
    const auto file = io::Hdf5Input::open_serial(bytes);
    if (!says_synbal(file.id())) return Target::foreign;
    const auto is_there = [&](const char* group) { return file.exists(group); };
    return std::ranges::any_of(kNetworkGroups, is_there) && !file.exists("/h") ? Target::network : Target::data;
  } catch (const Error&) {
    return Target::foreign;
  }
}

/// The first bytes, uncompressed where they are compressed.
std::string beginning_of(const io::InputFile& file) {
  std::string text(kBegin, '\0');
  const Handle<gzFile, io::GzTraits> stream = Handle<gzFile, io::GzTraits>::adopt(gzopen(file.path().c_str(), "rb"));
  const int got = gzread(stream.get(), text.data(), static_cast<unsigned>(text.size()));
  text.resize(static_cast<std::size_t>(std::max(got, 0)));
  return text;
}

std::string end_of(const io::InputFile& file, std::size_t length) {
  std::string text(length, '\0');
  const auto begin = std::max<ByteCount>(0, file.size() - static_cast<ByteCount>(length));
  text.resize(file.read(begin, text));
  return text;
}

bool is_table(std::string_view text) {
  if (text.starts_with("# NOT CONVERGED")) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return std::ranges::any_of(kTables, [&](std::string_view begin) { return text.starts_with(begin); });
}

Target target_of(const io::InputFile& file) {
  const auto text = beginning_of(file);
  const bool marked = end_of(file, std::string_view(io::kMark).size()) == io::kMark;
  const bool hdf5 = text.starts_with("\x89HDF\r\n"), archive = text.starts_with("PK") && marked;
  if (hdf5) return marked ? Target::network : hdf5_target(file);
  const bool tensors = text.find("{\"__metadata__\":{") != text.npos && text.find(io::kMarkInTensors) != text.npos;
  const bool market = text.starts_with("%%MatrixMarket") && text.find(io::kMarketComment) != text.npos;
  if (archive || tensors || market) return Target::network;
  const bool report = text.starts_with("{") && text.substr(0, 256).find("\"program\": \"synbal\"") != text.npos;
  return report || is_table(text) ? Target::data : Target::foreign;
}
}  // namespace

Target target_at(const std::string& path) {
  struct stat facts {};
  if (is_stdout(path) || ::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return Target::nothing;
  if (facts.st_size == 0) return Target::nothing;  // as mktemp makes it
  return target_of(io::InputFile(path));
}

}  // namespace synbal
