// The loop of a rank.
#include "stochastic/asynchronous/worker.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "stochastic/asynchronous/clock.hpp"

namespace synbal {

namespace {

constexpr std::int64_t kMostVisits = 4096;       // between two looks at the others' values: some milliseconds
constexpr double kSynapsesInAStretch = 200'000;  // likewise
constexpr double kPatience = 0.25;               // seconds, and sweeps, after which a rank says its word although
constexpr double kPatienceInSweeps = 3;          // its sweep is unfinished
constexpr auto kRest = std::chrono::microseconds(20);

std::unique_ptr<Transport> transport_for(const IncidentSynapses& stars, const AsynchronousParams& params) {
  auto transport = make_transport(params.transport, stars.problem().comm(), stars.halo());
  const auto& faults = params.faults;
  if (faults.delayed_by == 0 && faults.delay_seconds == 0) return transport;
  return delayed(std::move(transport), stars.halo(), faults.delayed_by, faults.delay_seconds);
}

}  // namespace

Worker::Worker(const IncidentSynapses& stars, const AsynchronousParams& params)
    : stars_(&stars),
      params_(params),
      relaxer_(stars, params.order, params.step, params.seed),
      transport_(transport_for(stars, params)),
      detector_(stars.problem().comm()),
      log_(stars.problem().comm(), stars.halo(), reads_in_a_sweep(), stars.size()),
      straggler_(params.faults, stars.problem().comm().rank() == params.faults.slow_rank),
      stretch_(visits_in_a_stretch()),
      between_publications_(std::max<std::int64_t>(1, std::llround(params.sweeps_per_publication * stars.size()))),
      until_publication_(between_publications_),
      known_(stars.halo().receives().size(), 0),
      known_round_(known_),
      told_round_(stars.halo().sends().size(), 0) {
  if (params.publication_threshold > 0) sent_.assign(stars.halo().send_indices().size(), 1.0);
}

// Values of each peer that a sweep reads.
std::vector<double> Worker::reads_in_a_sweep() const {
  const auto n = stars_->size();
  const auto receives = stars_->halo().receives();
  std::vector<std::size_t> peer_of(at(stars_->halo().ghost_count()));
  for (std::size_t p = 0; p < receives.size(); ++p) {
    std::fill_n(peer_of.begin() + receives[p].first, receives[p].count, p);
  }
  std::vector<double> reads(receives.size(), 0.0);
  for (LocalIndex i = 0; i < n; ++i) {
    for (const auto& star : {stars_->incoming(i), stars_->outgoing(i)}) {
      for (const auto j : star.neighbour) {
        if (j >= n) reads[peer_of[at(j - n)]] += 1;
      }
    }
  }
  return reads;
}

LocalIndex Worker::visits_in_a_stretch() const {
  std::size_t ends = 0;
  for (LocalIndex i = 0; i < stars_->size(); ++i) {
    ends += stars_->incoming(i).neighbour.size() + stars_->outgoing(i).neighbour.size();
  }
  const double star = static_cast<double>(ends) / std::max(stars_->size(), 1);
  return static_cast<LocalIndex>(
      std::clamp<std::int64_t>(std::llround(kSynapsesInAStretch / std::max(star, 1.0)), 1, kMostVisits));
}

void Worker::start(std::span<const double> delta) {
  relaxer_.start(delta);
  std::fill(sent_.begin(), sent_.end(), 0.0);  // unlike anything: told anew
}

Verdict Worker::run(const WorkLimits& limits, const std::function<void(const Round&)>& on_round) {
  if (quiet_) transport_->resume();
  quiet_ = false;
  joined_ = sweep_began_ = monotonic_seconds();
  while (true) {
    if (relaxer_.size() > 0 && relaxer_.sweeps() < limits.sweeps) {
      work();
    } else {
      rest();
    }
    if (!detector_.waiting()) {
      const double now = monotonic_seconds();
      const auto own = view(limits);
      if (may_join(own, now)) join(own, now);
    }
    const auto round = detector_.poll();
    if (!round) continue;
    imbalance_ = round->l1;
    on_round(*round);
    if (round->verdict != Verdict::go_on) return round->verdict;
  }
}

void Worker::work() {
  look();
  if (relaxer_.between_sweeps()) began_fresh_ = detector_.candidate() > 0 && knows_all_since(detector_.candidate());
  const double begin = monotonic_seconds();
  straggler_.begin();
  const auto most = std::min<std::int64_t>(stretch_, until_publication_);
  const auto visits = relaxer_.relax(static_cast<LocalIndex>(most));
  straggler_.end();
  const double end = monotonic_seconds();
  if (relaxer_.between_sweeps()) {
    sweep_seconds_ = end - std::exchange(sweep_began_, end);
    fresh_ = began_fresh_;
  }
  log_.read(begin, end, visits, known_);
  until_publication_ -= visits;
  if (until_publication_ == 0) publish();
  transport_->poke();
}

void Worker::rest() {
  look();
  transport_->poke();
  std::this_thread::sleep_for(kRest);
}

void Worker::look() {
  if (params_.faults.stale_sweeps > 0) {
    if (relaxer_.sweeps() < next_look_) return;
    next_look_ = relaxer_.sweeps() + params_.faults.stale_sweeps;
  }
  ++looks_;
  const bool came = transport_->collect(
      [this](std::size_t peer, const Stamp& stamp, std::span<const double> values) { take(peer, stamp, values); });
  news_ = news_ || came;
}

void Worker::take(std::size_t peer, const Stamp& stamp, std::span<const double> values) {
  relaxer_.take(stars_->halo().receives()[peer].first, values);
  known_[peer] = stamp.version;
  known_round_[peer] = stamp.round;
}

bool Worker::knows_all_since(std::int64_t round) const {
  return std::all_of(known_round_.begin(), known_round_.end(), [&](std::int64_t known) { return known >= round; });
}

void Worker::pack(std::size_t peer, std::span<double> values) {
  const auto& send = stars_->halo().sends()[peer];
  const auto indices = stars_->halo().send_indices().subspan(at(send.first), at(send.count));
  std::transform(indices.begin(), indices.end(), values.begin(), [&](LocalIndex i) { return relaxer_.post(i); });
  if (!sent_.empty()) std::copy(values.begin(), values.end(), sent_.begin() + send.first);
}

bool Worker::worth_sending(std::size_t peer) const {
  if (sent_.empty() || told_round_[peer] < detector_.candidate()) return true;
  const auto& send = stars_->halo().sends()[peer];
  const double least = params_.publication_threshold * std::min(imbalance_, 1.0);
  for (auto k = at(send.first); k < at(send.first) + at(send.count); ++k) {
    const double now = relaxer_.post(stars_->halo().send_indices()[k]);
    if (std::abs(now - sent_[k]) > least * now) return true;
  }
  return false;
}

void Worker::publish() {
  until_publication_ = between_publications_;
  ++version_;
  log_.published(monotonic_seconds());
  const auto fill = [this](std::size_t peer, std::span<double> values) { pack(peer, values); };
  for (std::size_t p = 0; p < stars_->halo().sends().size(); ++p) {
    if (!worth_sending(p)) {
      ++counts_.left_out;
    } else if (!transport_->publish(p, stamp(), fill)) {
      ++counts_.skipped;
    } else {
      told_round_[p] = detector_.rounds();
    }
  }
  // With nothing new to work on, a rank that shares its core had better let the others run.
  if (!news_) std::this_thread::yield();
  news_ = false;
}

void Worker::quiesce() {
  ++version_;
  log_.published(monotonic_seconds());
  transport_->quiesce(
      stamp(), [this](std::size_t peer, std::span<double> values) { pack(peer, values); },
      [this](std::size_t peer, const Stamp& stamp, std::span<const double> values) { take(peer, stamp, values); });
  quiet_ = true;
  detector_.resume();
}

LocalView Worker::view(const WorkLimits& limits) const {
  LocalView view;
  view.l1 = relaxer_.met().l1;
  view.cost = relaxer_.met().cost;
  view.relaxations = static_cast<double>(relaxer_.relaxations());
  view.unfinished = relaxer_.size() > 0 &&
                    (relaxer_.sweeps() == joined_sweeps_ || version_ == joined_version_ || looks_ == joined_looks_);
  view.unfresh = relaxer_.size() > 0 && !fresh_;
  view.far_out = relaxer_.far_out();
  view.at_limit = relaxer_.size() > 0 && relaxer_.sweeps() >= limits.sweeps;
  view.late = monotonic_seconds() >= limits.time;
  view.interrupted = params_.interrupted && params_.interrupted();
  return view;
}

// A word is about a whole sweep that began after the last word; only what is urgent cannot wait for its end.
bool Worker::may_join(const LocalView& view, double now) const {
  if (view.at_limit || view.late || view.interrupted) return true;
  if (now - joined_ > std::max(kPatience, kPatienceInSweeps * sweep_seconds_)) return true;
  return relaxer_.between_sweeps() && !view.unfinished;
}

void Worker::join(const LocalView& view, double now) {
  detector_.join(view, now, relaxer_.relaxations());
  joined_ = now;
  joined_sweeps_ = relaxer_.sweeps();
  joined_version_ = version_;
  joined_looks_ = looks_;
}

}  // namespace synbal
