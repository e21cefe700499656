// What a file format is to the program: a name, extensions, a reader and perhaps a writer. The table is in formats.cpp.
#pragma once

#include <string>
#include <string_view>

#include "io/input_file.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

struct Format;

/// A path as the user gave it, taken apart: `FILE.h5:/path` names something inside the file.
struct Source {
  std::string path;    ///< the file
  std::string inside;  ///< "" or what followed the colon
  const Format* format = nullptr;
};

/// A format and its functions, all Collective. Readers give a network in file order (position empty) whose facts
/// `entries`, `self_loops`, `duplicates_merged`, `zeros_dropped`, `notices` are filled.
struct Format {
  std::string_view name;
  std::string_view extension;
  Network (*read)(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
  void (*write)(const Comm& comm, const Network& network, const std::string& path);
  GlobalIndex first_id;  ///< the number that the format gives to its first neuron
};

Network read_matrix_market(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
Network read_matrix_market_gz(const Comm& comm, const InputFile& file, const Source& source,
                              const ReadOptions& options);
Network read_native_hdf5(const Comm& comm, const InputFile& file, const Source& source, const ReadOptions& options);
void write_matrix_market(const Comm& comm, const Network& network, const std::string& path);
void write_matrix_market_gz(const Comm& comm, const Network& network, const std::string& path);
void write_native_hdf5(const Comm& comm, const Network& network, const std::string& path);

/// The id of the first neuron in the file that a network came from, where neurons have no ids of their own.
[[nodiscard]] GlobalIndex first_id_of(const Network& network);

/// The format and the parts of a path. @throws Error usage when no format has its extension.
Source find_source(const std::string& path);

}  // namespace synbal::io
