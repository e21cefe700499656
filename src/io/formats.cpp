// The table of formats, and the way from a path to a reader or writer.
#include "synbal/io/formats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "io/format.hpp"
#include "io/generated.hpp"
#include "io/nodes/node_values.hpp"
#include "io/output_file.hpp"
#include "io/seal.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/profile.hpp"
#include "synbal/io/selection.hpp"

namespace synbal {

namespace io {
namespace {
constexpr Format native(std::string_view extension) {
  return {"hdf5",  extension, read_native_hdf5,  write_native_hdf5, nullptr, false,
          nullptr, true,      write_single_hdf5, NodesKept::all};
}

constexpr Format edge_list(std::string_view name, std::string_view extension) {
  return {name, extension, read_edge_list, write_edge_list, nullptr, true, nullptr, false, nullptr, NodesKept::names};
}

/// A new format is one file with its functions, declared in format.hpp, and one line here. Where several formats share
/// an extension, those that recognise their files come first.
constexpr std::array kFormats{
    Format{"matrix-market-gz", ".mtx.gz", read_matrix_market_gz, write_matrix_market_gz},
    Format{"matrix-market", ".mtx", read_matrix_market, write_matrix_market},
    Format{"sonata", ".h5", read_sonata, nullptr, is_sonata, false, copy_sonata},
    native(".h5"),
    Format{"sonata", ".hdf5", read_sonata, nullptr, is_sonata, false, copy_sonata},
    native(".hdf5"),
    Format{"anndata", ".h5ad", read_native_hdf5, nullptr},
    Format{"matlab", ".mat", read_native_hdf5, nullptr},
    Format{"petsc", ".petsc", read_petsc, write_petsc},
    Format{"petsc", ".dat", read_petsc, write_petsc},
    Format{"npz", ".npz", read_npz, write_npz, nullptr, false, copy_npz, true},
    Format{"safetensors", ".safetensors", read_safetensors, write_safetensors, nullptr, false, copy_safetensors, true},
    edge_list("edge-list", ".csv"),
    edge_list("edge-list", ".tsv"),
    edge_list("edge-list", ".txt"),
    edge_list("edge-list-gz", ".csv.gz"),
    edge_list("edge-list-gz", ".tsv.gz"),
    edge_list("edge-list-gz", ".txt.gz"),
};

/// The extensions of the formats that `fits`, each once.
template <class Fits>
std::string extensions(Fits&& fits) {
  std::string names;
  std::string_view last;
  for (const auto& f : kFormats) {
    if (!fits(f) || f.extension == last) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", f.extension);
    last = f.extension;
  }
  return names;
}

bool has_extension(const Format& format, std::string_view path) {
  return path.size() > format.extension.size() && path.ends_with(format.extension);
}

const Format& writable_format(const std::string& path) {
  const auto writable = [](const Format& f) { return f.write != nullptr; };
  for (const auto& f : kFormats) {
    if (writable(f) && has_extension(f, path)) return f;
  }
  throw usage_error(fmt::format("{}: no format with this name can be written (the extension decides): use one of {}",
                                path, extensions(writable)));
}

/// Collective. The format among those with the extension that knows the file as its own.
const Format& recognised(const Comm& comm, const InputFile& file, const Source& source) {
  const auto mine = [&](const Format& f) {
    return has_extension(f, source.path) && (f.recognises == nullptr || f.recognises(file, source));
  };
  const auto found = agreed(comm, [&]() -> std::int64_t {
    return comm.is_root() ? std::ranges::find_if(kFormats, mine) - kFormats.begin() : 0;
  });
  const auto number = at(comm.broadcast(found, 0));
  return number < kFormats.size() ? kFormats[number] : *source.format;
}
}  // namespace

Source find_source(const std::string& path) {
  const Hdf5Path parts(path);
  refuse_stream(parts.file);
  for (const auto& f : kFormats) {
    if (has_extension(f, parts.file)) return {parts.file, parts.inside, &f, {}};
  }
  throw usage_error(fmt::format("{}: no format with this name can be read (the extension decides): use one of {}{}",
                                path, extensions([](const Format&) { return true; }), generator_meant(path)));
}
}  // namespace io

Hdf5Path::Hdf5Path(const std::string& path) : file(path) {
  std::size_t dot = path.npos, length = 0;
  for (const std::string_view extension : kExtensions) {
    const auto found = path.rfind(std::string(extension) + ":");
    if (found != path.npos && (dot == path.npos || found > dot)) dot = found, length = extension.size();
  }
  if (dot == path.npos) return;
  file = path.substr(0, dot + length);
  inside = path.substr(dot + length + 1);
}

bool Hdf5Path::is_hdf5() const {
  return std::ranges::any_of(kExtensions, [&](std::string_view extension) { return file.ends_with(extension); });
}

std::vector<std::string> files_of(const std::string& path) {
  if (path.find_first_of("*?") == path.npos || std::filesystem::exists(path)) return {path};
  ::glob_t found{};
  std::vector<std::string> files;
  if (::glob(path.c_str(), 0, nullptr, &found) == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return files.empty() ? std::vector{path} : files;
}

namespace {
/// Collective. All files of all paths, as rank 0 sees them.
std::vector<std::string> all_files(const Comm& comm, const std::vector<std::string>& paths) {
  std::string joined;
  for (const auto& path : paths) {
    for (const auto& file : comm.is_root() ? files_of(path) : std::vector<std::string>{}) joined += file + '\0';
  }
  joined = comm.broadcast(joined, 0);
  std::vector<std::string> files;
  for (std::size_t begin = 0; begin < joined.size(); begin += files.back().size() + 1) {
    files.emplace_back(joined.c_str() + begin);
  }
  return files;
}

}  // namespace

io::Source io::source_of(const Comm& comm, const std::vector<std::string>& paths) {
  const auto files = all_files(comm, paths);
  auto source = find_source(files.at(0));
  source.parts.assign(files.begin() + 1, files.end());
  const auto file = agreed(comm, [&] { return InputFile(source.path); });
  source.format = &recognised(comm, file, source);
  return source;
}

namespace {
/// @throws Error usage for what the format has no use for.
void check_fits(const io::Source& source, const ReadOptions& options) {
  const auto& format = *source.format;
  if (options.alpha && options.alpha != "none" && format.name == "sonata") {
    throw usage_error(
        fmt::format("{}: alphas follow the order of a file's entries, and SONATA has several lists of them: "
                    "`synbal convert` to a native .h5, and store /alpha there",
                    source.path));
  }
  if (!source.parts.empty() && !format.takes_parts) {
    throw usage_error(
        fmt::format("{}: several files can be parts of one network only as edge lists: give one file", source.path));
  }
  if (options.edges == EdgeListOptions{} || format.takes_parts) return;
  throw usage_error(
      fmt::format("{}: columns, signs and filters of rows belong to edge lists (.csv, .tsv, .txt), and "
                  "this is {}: leave these options out",
                  source.path, format.name));
}

constexpr const char* kPostPre = "row = postsynaptic, column = presynaptic";

/// Collective. The checksum of a file. What HDF5 changes in its place, as h5py does, loses its seal and is as good as
/// another file; bytes that do not fit a seal that is there were changed by nobody who meant to.
/// @throws Error bad_input for these.
std::string checksum_of_whole(const Comm& comm, const io::InputFile& file) {
  const auto [sum, seal] = io::sealed_sum_of(comm, file);
  if (seal == io::SealState::broken) {
    throw bad_input(
        fmt::format("{}: is damaged (its bytes do not add up to what its last line says): get the file again, or make "
                    "it again",
                    file.path()));
  }
  return io::checksum_words(sum);
}

/// Collective.
void take_facts(const Comm& comm, InputFacts& facts, const std::vector<std::string>& paths, const io::Source& source,
                const ReadOptions& options) {
  const auto files = agreed(comm, [&] {
    std::vector<io::InputFile> opened;
    opened.emplace_back(source.path);
    for (const auto& part : source.parts) opened.emplace_back(part);
    return opened;
  });
  facts.path = fmt::format("{}", fmt::join(paths, " "));
  facts.format = source.format->name;
  if (facts.taken_as.empty()) {
    facts.taken_as =
        options.orientation == Orientation::post_pre ? kPostPre : "row = presynaptic, column = postsynaptic";
  }
  for (const auto& file : files) facts.file_size += file.size();
  if (!options.checksum) return;
  facts.checksum = files.size() == 1 ? checksum_of_whole(comm, files[0]) : io::checksum(comm, files);
}

/// Collective. A generator's network with the facts that a file would have.
Network generated(const Comm& comm, const std::string& name, const GeneratorParams& params,
                  const ReadOptions& options) {
  agreed(comm, [&] {
    if (options.alpha && options.alpha != "none")
      throw usage_error(name + ": alphas go with the entries of a file: `synbal generate` makes one");
    if (options.orientation == Orientation::post_pre && options.edges == EdgeListOptions{}) return;
    throw usage_error(name + ": orientation, columns and filters of rows belong to files: leave these options out");
  });
  auto network = generate(comm, params);
  auto& facts = network.facts;
  facts.path = name, facts.format = "generator", facts.taken_as = kPostPre;
  if (options.checksum) facts.checksum = io::checksum_of_name(name);
  return network;
}

/// Collective. Values that the options name, in place of those that the network's file has; "none" for none.
template <class T>
void take_values(const Comm& comm, Network& network, const std::optional<std::string>& from, std::vector<T>& values,
                 void (*read)(const Comm&, Network&, const std::string&)) {
  if (from == "none") {
    values.clear();
  } else if (from) {
    read(comm, network, *from);
  }
}

/// Collective. What the file holds.
Network read_files(const Comm& comm, const std::vector<std::string>& paths, const ReadOptions& options) {
  const auto source = io::source_of(comm, paths);
  auto network = [&] {
    const auto file = agreed(comm, [&] { return io::InputFile(source.path); });
    check_fits(source, options);
    return source.format->read(comm, file, source, options);
  }();
  take_facts(comm, network.facts, paths, source, options);
  return network;
}
}  // namespace

Network read_network(const Comm& comm, const std::string& path, const ReadOptions& options) {
  return read_network(comm, std::vector{path}, options);
}

Network read_network(const Comm& comm, const std::vector<std::string>& paths, const ReadOptions& options) {
  const StageScope stage(Stage::reading);
  const auto params = agreed(comm, [&] { return io::generator_of(paths.at(0)); });
  auto network = params ? generated(comm, paths.at(0), *params, options) : read_files(comm, paths, options);
  if (options.pinned) pin_neurons(comm, network, *options.pinned);
  take_values(comm, network, options.gain, network.nodes.gain, io::apply_gain);
  take_values(comm, network, options.exponent, network.nodes.exponent, io::apply_exponent);
  take_values(comm, network, options.tie, network.nodes.group, io::apply_group);
  if (options.partition != PartitionKind::ptscotch) return network;
  return partition_by_ptscotch(comm, std::move(network));
}

NodesKept nodes_kept(const std::string& path) { return io::writable_format(path).keeps_nodes; }

bool keeps_arrays(const std::string& path) { return io::writable_format(path).keeps_arrays; }

void check_can_write(const std::string& path) {
  io::check_can_create(path);
  io::check_has_place(path);
}

void replace_file(const std::string& path, std::string_view text) {
  const Comm alone(MPI_COMM_SELF);
  io::OutputFile file(alone, path);
  file.write(0, text);
  file.commit();
}

void check_writable_format(const std::string& path, Precision precision) {
  const auto& format = io::writable_format(path);
  if (precision == Precision::full || format.write_single != nullptr) return;
  throw usage_error(fmt::format("{}: weights in single precision are written to native files alone ({})", path,
                                io::extensions([](const auto& f) { return f.write_single != nullptr; })));
}

void write_network(const Comm& comm, const Network& network, const std::string& path, Precision precision) {
  const StageScope stage(Stage::writing);
  const auto& format = io::writable_format(path);
  (precision == Precision::full ? format.write : format.write_single)(comm, network, path);
}

void write_network(const Comm& comm, const GeneratedRows& made, const std::string& path, Precision precision) {
  const StageScope stage(Stage::writing);
  agreed(comm, [&] {
    if (io::writable_format(path).write_single != nullptr) return;
    throw usage_error(fmt::format("{}: rows are written as they are made to native files alone ({})", path,
                                  io::extensions([](const auto& f) { return f.write_single != nullptr; })));
  });
  io::write_native_rows(comm, made, path, precision);
}

void write_scaled(const Comm& comm, const Network& network, std::span<const double> h, const std::string& input,
                  const ReadOptions& options, const std::string& path) {
  const StageScope stage(Stage::writing);
  if (agreed(comm, [&] { return io::generator_of(input); })) return write_network(comm, network, path);
  const auto source = io::source_of(comm, {input});
  const auto file = agreed(comm, [&] { return io::InputFile(source.path); });
  const auto& format = *source.format;
  if (format.copy != nullptr && io::has_extension(format, path)) {
    format.copy(comm, file, {network, h, source, options}, path);
  } else {
    write_network(comm, network, path);
  }
}

}  // namespace synbal
