// What a file format is to the program: a name, extensions, a reader and perhaps a writer. The table is in formats.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/input_file.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

struct Format;

/// A path as the user gave it, taken apart: `FILE.h5:/path` names something inside the file.
struct Source {
  std::string path;    ///< the file
  std::string inside;  ///< "" or what followed the colon
  const Format* format = nullptr;
  std::vector<std::string> parts;  ///< further files of the same network, where the format takes several
};

/// A network that was read from a file and scaled by `h` since.
struct ScaledCopy {
  const Network& network;
  std::span<const double> h;   ///< [n_local]
  Source source;               ///< the file it came from
  const ReadOptions& options;  ///< how it was read
};

/// A format and its functions, all Collective but `recognises`. Readers give a network in file order (position empty)
/// whose facts `entries`, `self_loops`, `duplicates_merged`, `zeros_dropped`, `notices` are filled; `taken_as` too
/// where it is not what ReadOptions::orientation says.
struct Format {
  std::string_view name;
  std::string_view extension;
  Network (*read)(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
  void (*write)(const Comm& comm, const Network& network, const std::string& path);  ///< null: cannot be written
  /// Where several formats share an extension: asked in the order of the table, on one rank, whether the file is one
  /// of this format. Null: it is.
  bool (*recognises)(const InputFile& file, const Source& source) = nullptr;
  bool takes_parts = false;  ///< several files may be parts of one network
  /// Where a file holds more than a network: writes all of it again with scaled weights. Null: the network is written.
  void (*copy)(const Comm& comm, const InputFile& file, const ScaledCopy& copy, const std::string& path) = nullptr;
  bool keeps_arrays = false;  ///< written files hold input and output weights, biases and states, too
  /// Weights in single precision. Null: there is no such file.
  void (*write_single)(const Comm& comm, const Network& network, const std::string& path) = nullptr;
  NodesKept keeps_nodes = NodesKept::nothing;  ///< what written files tell of single neurons
};

Network read_matrix_market(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
Network read_matrix_market_gz(const Comm& comm, const InputFile& file, const Source& source,
                              const ReadOptions& options);
Network read_native_hdf5(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
Network read_petsc(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
Network read_npz(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
Network read_safetensors(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
Network read_sonata(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
bool is_sonata(const InputFile& file, const Source& source);
void write_safetensors(const Comm& comm, const Network& network, const std::string& path);
void copy_npz(const Comm& comm, const InputFile& file, const ScaledCopy& copy, const std::string& path);
void copy_safetensors(const Comm& comm, const InputFile& file, const ScaledCopy& copy, const std::string& path);
void copy_sonata(const Comm& comm, const InputFile& file, const ScaledCopy& copy, const std::string& path);
void write_petsc(const Comm& comm, const Network& network, const std::string& path);
void write_npz(const Comm& comm, const Network& network, const std::string& path);
/// Edge lists, plain or compressed (by the name of each file).
Network read_edge_list(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
void write_edge_list(const Comm& comm, const Network& network, const std::string& path);
void write_matrix_market(const Comm& comm, const Network& network, const std::string& path);
void write_matrix_market_gz(const Comm& comm, const Network& network, const std::string& path);
void write_native_hdf5(const Comm& comm, const Network& network, const std::string& path);
void write_single_hdf5(const Comm& comm, const Network& network, const std::string& path);
/// The same of rows as they are made.
void write_native_rows(const Comm& comm, const GeneratedRows& made, const std::string& path, Precision precision);

/// Collective. The files that the paths name, as rank 0 sees them, with the format that knows the first as its own.
/// @throws Error usage, io_failure.
Source source_of(const Comm& comm, const std::vector<std::string>& paths);

/// The parts of a path and the first format with its extension. @throws Error usage when there is none.
Source find_source(const std::string& path);

}  // namespace synbal::io
