// Whether the main thread of this process gets on, as another thread can see it.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace synbal {

/// What the main thread says of itself, as places in lists of names.
struct Marks {
  std::atomic<int> phase{0}, call{0};   ///< call 0: in none of MPI
  std::atomic<std::uint64_t> calls{0};  ///< how many it has begun and ended

  [[nodiscard]] std::string_view phase_name() const noexcept;
  [[nodiscard]] std::string_view call_name() const noexcept;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free, "marks may lie in memory that processes share");

/// From here on the main thread leaves its marks there; null: at the place of the process.
void leave_marks_in(Marks* marks) noexcept;

/// For one watching thread; to be made on the main thread.
class OwnProgress {
 public:
  OwnProgress();
  /// Whether it got on since this was asked last.
  bool look();

 private:
  [[nodiscard]] std::int64_t processor_time() const;  // ns
  [[nodiscard]] std::string transfers() const;

  clockid_t clock_;
  std::string counters_;  // file of what it has read and written
  std::uint64_t calls_ = 0;
  std::int64_t time_ = 0;
  std::string transferred_;
};

}  // namespace synbal
