// Notes, clocks, and the counting afterwards.
#include "stochastic/asynchronous/staleness.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "stochastic/asynchronous/clock.hpp"
#include "synbal/core/tags.hpp"

namespace synbal {

namespace {

constexpr int kClockRounds = 16;

bool one_machine(const Comm& comm) {
  MPI_Comm shared = MPI_COMM_NULL;
  SYNBAL_MPI(MPI_Comm_split_type(comm.get(), MPI_COMM_TYPE_SHARED, comm.rank(), MPI_INFO_NULL, &shared));
  int size = 0;
  SYNBAL_MPI(MPI_Comm_size(shared, &size));
  SYNBAL_MPI(MPI_Comm_free(&shared));
  return !comm.any(size != comm.size());
}

double receive_time(const Comm& comm, Rank from) {
  double time = 0;
  SYNBAL_MPI(MPI_Recv(&time, 1, MPI_DOUBLE, from, tag::clock, comm.get(), MPI_STATUS_IGNORE));
  return time;
}

void send_time(const Comm& comm, Rank to, double time) {
  SYNBAL_MPI(MPI_Send(&time, 1, MPI_DOUBLE, to, tag::clock, comm.get()));
}

/// On rank 0: how far its clock is ahead of that of rank r.
double offset_of(const Comm& comm, Rank r, const std::function<double()>& clock) {
  double fastest = std::numeric_limits<double>::infinity(), offset = 0;
  for (int k = 0; k < kClockRounds; ++k) {
    const double before = clock();
    send_time(comm, r, before);
    const double there = receive_time(comm, r);
    const double after = clock();
    if (after - before >= fastest) continue;
    fastest = after - before;
    offset = (before + after) / 2 - there;
  }
  return offset;
}

}  // namespace

void AgeCounts::add(std::int64_t age, double count) {
  const auto bin = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(age)));
  if (reads.size() <= bin) reads.resize(bin + 1, 0.0);
  reads[bin] += count;
  sum_of_ages += static_cast<double>(age) * count;
  oldest = std::max(oldest, age);
}

Staleness over_ranks(const Comm& comm, const AgeCounts& own) {
  Staleness all;
  all.oldest = comm.max(own.oldest);
  all.reads = own.reads;
  all.reads.resize(static_cast<std::size_t>(comm.max(static_cast<std::int64_t>(own.reads.size()))), 0.0);
  comm.sum(std::span<double>(all.reads));
  const double ages = comm.sum(own.sum_of_ages);
  double reads = 0;
  for (const double r : all.reads) reads += r;
  all.mean = reads > 0 ? ages / reads : 0.0;
  return all;
}

double measured_clock_offset(const Comm& comm, const std::function<double()>& clock) {
  double own = 0;
  for (Rank r = 1; r < comm.size(); ++r) {
    if (comm.is_root()) {
      send_time(comm, r, offset_of(comm, r, clock));
    } else if (comm.rank() == r) {
      for (int k = 0; k < kClockRounds; ++k) {
        static_cast<void>(receive_time(comm, 0));
        send_time(comm, 0, clock());
      }
      own = receive_time(comm, 0);
    }
  }
  return own;
}

double clock_offset(const Comm& comm) {
  return one_machine(comm) ? 0.0 : measured_clock_offset(comm, monotonic_seconds);
}

StalenessLog::StalenessLog(const Comm& comm, const Halo& halo, std::vector<double> reads, LocalIndex sweep)
    : halo_(&halo), comm_(comm.get()), offset_(clock_offset(comm)), reads_per_visit_(std::move(reads)), times_{0.0} {
  for (double& r : reads_per_visit_) r /= std::max(sweep, 1);
}

void StalenessLog::published(double time) {
  ++publications_;
  if (times_.size() <= kMostTimes) times_.push_back(time + offset_);
}

void StalenessLog::read(double begin, double end, std::int64_t visits, std::span<const std::int64_t> version) {
  if (version.empty() || times_.size() > kMostTimes || seen_++ % stride_ != 0) return;
  stretches_.push_back({begin + offset_, end + offset_, static_cast<double>(visits)});
  versions_.insert(versions_.end(), version.begin(), version.end());
  if (stretches_.size() == kMostStretches) thin();
}

void StalenessLog::thin() {
  const auto peers = reads_per_visit_.size();
  for (std::size_t k = 0; 2 * k < stretches_.size(); ++k) {
    stretches_[k] = stretches_[2 * k];
    std::copy_n(versions_.begin() + static_cast<std::ptrdiff_t>(2 * k * peers), peers,
                versions_.begin() + static_cast<std::ptrdiff_t>(k * peers));
  }
  stretches_.resize((stretches_.size() + 1) / 2);
  versions_.resize(stretches_.size() * peers);
  stride_ *= 2;
}

// One peer's times at a time, so that only one such list is held.
void StalenessLog::settle(AgeCounts& counts) {
  std::vector<MPI_Request> sends;
  for (const auto& peer : halo_->sends()) {
    SYNBAL_MPI(MPI_Isend(times_.data(), static_cast<int>(times_.size()), MPI_DOUBLE, peer.rank, tag::clock_times,
                         comm_.get(), &sends.emplace_back()));
  }
  std::vector<double> times;
  for (std::size_t p = 0; p < halo_->receives().size(); ++p) {
    const auto rank = halo_->receives()[p].rank;
    MPI_Status status;
    int size = 0;
    SYNBAL_MPI(MPI_Probe(rank, tag::clock_times, comm_.get(), &status));
    SYNBAL_MPI(MPI_Get_count(&status, MPI_DOUBLE, &size));
    times.resize(static_cast<std::size_t>(size));
    SYNBAL_MPI(MPI_Recv(times.data(), size, MPI_DOUBLE, rank, tag::clock_times, comm_.get(), MPI_STATUS_IGNORE));
    count(p, times, counts);
  }
  SYNBAL_MPI(MPI_Waitall(static_cast<int>(sends.size()), sends.data(), MPI_STATUSES_IGNORE));
  times_ = {static_cast<double>(publications_)};
  stretches_.clear();
  versions_.clear();
  stride_ = 1, seen_ = 0;
}

// Stretches ascend in time and so do the publications: both lists are gone through once.
void StalenessLog::count(std::size_t peer, std::span<const double> times, AgeCounts& counts) const {
  const auto before = static_cast<std::int64_t>(times.front());
  const auto made = times.subspan(1);
  const bool cut = made.size() >= kMostTimes;
  const auto peers = reads_per_visit_.size();
  std::size_t known = 0;  // publications made by the time that is looked at
  for (std::size_t k = 0; k < stretches_.size(); ++k) {
    const auto& s = stretches_[k];
    if (cut && s.end > made.back()) return;
    const auto version = versions_[k * peers + peer];
    const double reads = s.visits * reads_per_visit_[peer] * static_cast<double>(stride_);
    while (known < made.size() && made[known] <= s.begin) ++known;
    double from = s.begin;
    while (true) {
      const bool more = known < made.size() && made[known] < s.end;
      const double to = more ? made[known] : s.end;
      const double share = s.end > s.begin ? (to - from) / (s.end - s.begin) : 1.0;
      const auto age = before + static_cast<std::int64_t>(known) - version;
      counts.add(std::max<std::int64_t>(age, 0), reads * share);
      if (!more) break;
      from = to;
      ++known;
    }
  }
}

}  // namespace synbal
