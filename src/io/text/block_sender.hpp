// Blocks of text from the rank that reads a compressed file to the ranks that parse it.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "synbal/core/comm.hpp"
#include "synbal/core/tags.hpp"

namespace synbal::io {

/// Sends blocks to one rank after the other, two under way at a time. An empty block ends a rank's run.
class BlockSender {
 public:
  explicit BlockSender(const Comm& comm) : comm_(&comm) {}
  BlockSender(const BlockSender&) = delete;
  BlockSender& operator=(const BlockSender&) = delete;
  ~BlockSender() { MPI_Waitall(2, requests_.data(), MPI_STATUSES_IGNORE); }

  /// `before` goes in front of the text.
  void send(std::string_view text, Rank to, std::string_view before = {}) {
    const auto slot = std::exchange(next_, 1 - next_);
    SYNBAL_MPI(MPI_Wait(&requests_[slot], MPI_STATUS_IGNORE));
    auto& buffer = buffers_[slot];
    buffer.assign(before.begin(), before.end());
    buffer.insert(buffer.end(), text.begin(), text.end());
    SYNBAL_MPI(MPI_Isend(buffer.data(), static_cast<int>(buffer.size()), MPI_CHAR, to, tag::gz_text, comm_->get(),
                         &requests_[slot]));
  }

 private:
  const Comm* comm_;
  std::array<std::vector<char>, 2> buffers_;
  std::array<MPI_Request, 2> requests_{MPI_REQUEST_NULL, MPI_REQUEST_NULL};
  std::size_t next_ = 0;
};

}  // namespace synbal::io
