// Barrier, time, barrier.
#include "frame/phases.hpp"

#include <numeric>

namespace synbal::benchmark {

Phases::Phases(const Comm& comm) : comm_(&comm) {
  comm.barrier();
  timer_.restart();
}

void Phases::begin(const std::string& name) {
  if (!name_.empty()) close();
  name_ = name;
  comm_->barrier();
  timer_.restart();
}

void Phases::end() {
  if (name_.empty()) name_ = "run";
  close();
}

void Phases::close() {
  comm_->barrier();
  seconds_[name_] += comm_->max(timer_.seconds());
}

double Phases::total() const {
  return std::accumulate(seconds_.begin(), seconds_.end(), 0.0,
                         [](double sum, const auto& phase) { return sum + phase.second; });
}

}  // namespace synbal::benchmark
