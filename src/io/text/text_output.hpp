// Text of which every rank has a part, one after the other, written as a plain file by all or compressed by one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "synbal/core/comm.hpp"

namespace synbal::io {

using TakeText = std::function<void(std::string_view)>;

/// A rank's part: calls take(line) for each of its lines in order; the same each time.
using TextLines = std::function<void(const TakeText& take)>;

/// Collective. The parts of all ranks in rank order. `lines` is called twice and must not communicate: formatting twice
/// costs less than holding the text. @throws Error io_failure.
void write_text(const Comm& comm, const TextLines& lines, const std::string& path);

/// Collective. The same through gzip, on rank 0. `lines` is called once.
void write_text_gz(const Comm& comm, const TextLines& lines, const std::string& path);

/// Waits for a message of text and takes it; false for an empty one.
bool receive_text(const Comm& comm, Rank from, int tag, std::vector<char>& text);

}  // namespace synbal::io
