// From entries anywhere to a network: the common end of every reader of coordinate files.
#pragma once

#include "synbal/io/formats.hpp"

namespace synbal::io {

/// Collective. Sends entries to rows (swapping their indices for pre_post), chooses the ownership that the options ask
/// for, and assembles. @throws Error bad_input for duplicates that are not wanted.
Network network_of(const Comm& comm, GlobalIndex n, Triplets&& entries, const ReadOptions& options, InputFacts facts);

/// @throws Error bad_input when a file of `bytes` bytes announces implausibly many neurons (damaged sizes must not
/// make every rank allocate all memory). `expansion`: bytes that one byte of the file can stand for.
void check_plausible_size(const std::string& where, GlobalIndex n, ByteCount bytes, int expansion = 1);

}  // namespace synbal::io
