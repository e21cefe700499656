// The table of formats, and the way from a path to a reader or writer.
#include "synbal/io/formats.hpp"

#include <fmt/format.h>

#include <array>

#include "io/format.hpp"
#include "io/node_values.hpp"
#include "io/output_file.hpp"
#include "synbal/core/agree.hpp"

namespace synbal {

namespace io {
namespace {
/// A new format is one file with its functions, declared in format.hpp, and one line here.
constexpr std::array kFormats{
    Format{"matrix-market-gz", ".mtx.gz", read_matrix_market_gz, write_matrix_market_gz, 1},
    Format{"matrix-market", ".mtx", read_matrix_market, write_matrix_market, 1},
    Format{"hdf5", ".h5", read_native_hdf5, write_native_hdf5, 0},
};

std::string supported() {
  std::string names;
  for (const auto& f : kFormats) names += fmt::format("{}{}", names.empty() ? "" : ", ", f.extension);
  return names;
}

const Format* find_format(std::string_view path) {
  for (const auto& f : kFormats) {
    if (path.size() > f.extension.size() && path.ends_with(f.extension)) return &f;
  }
  return nullptr;
}

const Format& writable_format(const std::string& path) {
  const auto* format = find_format(path);
  if (format == nullptr || format->write == nullptr) {
    throw usage_error(fmt::format("{}: no format with this name can be written (the extension decides): use one of {}",
                                  path, supported()));
  }
  return *format;
}
}  // namespace

GlobalIndex first_id_of(const Network& network) {
  for (const auto& f : kFormats) {
    if (f.name == network.facts.format) return f.first_id;
  }
  return 0;
}

Source find_source(const std::string& path) {
  const Hdf5Path parts(path);
  const Source source{parts.file, parts.inside, find_format(parts.file)};
  if (source.format == nullptr) {
    throw usage_error(fmt::format("{}: no format with this name can be read (the extension decides): use one of {}",
                                  path, supported()));
  }
  return source;
}
}  // namespace io

Hdf5Path::Hdf5Path(const std::string& path) : file(path) {
  const auto colon = path.rfind(".h5:");
  if (colon == path.npos) return;
  file = path.substr(0, colon + 3);
  inside = path.substr(colon + 4);
}

Network read_network(const Comm& comm, const std::string& path, const ReadOptions& options) {
  const auto source = io::find_source(path);
  const auto file = agreed(comm, [&] { return io::InputFile(source.path); });
  auto network = source.format->read(comm, file, source, options);
  auto& facts = network.facts;
  facts.path = path;
  facts.format = source.format->name;
  facts.file_size = file.size();
  if (options.checksum) facts.checksum = io::checksum(comm, file);
  if (options.pinned) io::apply_pinned(comm, network, *options.pinned, source.format->first_id);
  if (options.gain) io::apply_gain(comm, network, *options.gain);
  if (options.partition != PartitionKind::ptscotch) return network;
  return partition_by_ptscotch(comm, std::move(network));
}

void check_writable_format(const std::string& path) { io::writable_format(path); }

void check_can_write(const std::string& path) { io::check_can_create(path); }

void replace_file(const std::string& path, std::string_view text) {
  const Comm alone(MPI_COMM_SELF);
  io::OutputFile file(alone, path);
  file.write(0, text);
  file.commit();
}

void write_network(const Comm& comm, const Network& network, const std::string& path) {
  io::writable_format(path).write(comm, network, path);
}

}  // namespace synbal
