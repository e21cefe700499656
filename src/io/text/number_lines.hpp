// Text files of numbers, some on every line ('#' starts a comment), each rank its own lines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "synbal/core/comm.hpp"

namespace synbal::io {

/// What the lines of a file must look like.
struct LineRule {
  int per_line = 0;         ///< numbers on every line; 0: the same number on all, whatever it is
  bool commas = false;      ///< may stand between numbers as blanks may
  const char* remedy = "";  ///< said after what is wrong with a number
};

/// What one rank has of such a file.
template <class T>
struct NumberLines {
  std::int64_t rows = 0;           ///< lines with numbers
  std::int64_t per_line = 0;       ///< the same on all ranks; 0: there are no numbers at all
  std::vector<T> values;           ///< [rows * per_line]
  std::vector<std::int64_t> line;  ///< [rows] of the file, from 1
};

/// Collective. T is double (finite) or int64. @throws Error bad_input with file and line, io_failure.
template <class T>
NumberLines<T> read_number_lines(const Comm& comm, const std::string& path, const LineRule& rule);

}  // namespace synbal::io
