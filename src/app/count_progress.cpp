// What is left is taken to be as fast as what was done.
#include "app/count_progress.hpp"

#include "synbal/core/progress.hpp"

namespace synbal::app {

CountProgress::CountProgress(std::string what, std::int64_t total, std::string unit)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      total_(total),
      next_line_(2.0),
      pause_(log_is_terminal() ? 2.0 : 10.0) {}

void CountProgress::update(std::int64_t done) {
  const double seconds = timer_.seconds();
  if (seconds < next_line_ || done <= 0 || !log_shows(LogLevel::info)) return;
  next_line_ = seconds + pause_;
  const double left = seconds / static_cast<double>(done) * static_cast<double>(total_ - done);
  log_status(fmt::format("{}: {} of {} {}, elapsed {}, about {} left", what_, done, total_, unit_,
                         format_duration(seconds), format_duration(left)));
}

}  // namespace synbal::app
