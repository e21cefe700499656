// Barrier, time, barrier.
#include "frame/phases.hpp"

#include <numeric>

#include "frame/counters.hpp"

namespace synbal::benchmark {

Phases::Phases(const Comm& comm) : comm_(&comm) { open(); }

void Phases::open() {
  comm_->barrier();
  timer_.restart();
  mpi_begin_ = counts_so_far().seconds;
}

void Phases::begin(const std::string& name) {
  if (!name_.empty()) close();
  name_ = name;
  open();
}

void Phases::end() {
  if (name_.empty()) name_ = "run";
  close();
}

void Phases::close() {
  comm_->barrier();
  mpi_seconds_ += counts_so_far().seconds - mpi_begin_;
  seconds_[name_] += comm_->max(timer_.seconds());
}

double Phases::total() const {
  return std::accumulate(seconds_.begin(), seconds_.end(), 0.0,
                         [](double sum, const auto& phase) { return sum + phase.second; });
}

}  // namespace synbal::benchmark
