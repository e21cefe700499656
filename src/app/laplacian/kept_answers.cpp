// A list is numbers in a row: how many values an answer has, then item and values of each.
#include "app/laplacian/kept_answers.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "synbal/core/fault.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/types.hpp"

namespace synbal::app {

namespace {
constexpr std::size_t kMostKept = std::size_t{1} << 26;  // numbers: 512 MiB on every rank
}

class KeptAnswers::List final : public AnswerKeeper {
 public:
  explicit List(KeptAnswers& all) : all_(&all) {}

  [[nodiscard]] std::span<const double> known(const Item& item) const override {
    const auto found = place_.find(item);
    return found == place_.end() ? std::span<const double>() : std::span(numbers_).subspan(found->second, width_);
  }

  void add(const Item& item, std::span<const double> values) override {
    if (numbers_.empty()) width_ = values.size(), numbers_.push_back(static_cast<double>(width_));
    if (values.size() != width_) throw internal_error("answers of one list have different lengths");
    numbers_.push_back(static_cast<double>(item[0])), numbers_.push_back(static_cast<double>(item[1]));
    place_[item] = numbers_.size();
    numbers_.insert(numbers_.end(), values.begin(), values.end());
  }

  void pause() override { all_->pause(); }

  [[nodiscard]] const std::vector<double>& numbers() const noexcept { return numbers_; }

  /// The way back. @return how many there are.
  std::int64_t take(const std::vector<double>& numbers) {
    const auto width = numbers.empty() ? 0 : static_cast<std::size_t>(std::clamp(numbers.front(), 0.0, 1e3));
    for (std::size_t k = 1; k + 2 + width <= numbers.size(); k += 2 + width) {
      add({std::llround(numbers[k]), std::llround(numbers[k + 1])}, std::span(numbers).subspan(k + 2, width));
    }
    return std::ssize(place_);
  }

 private:
  KeptAnswers* all_;
  std::map<Item, std::size_t> place_;  // of the values
  std::size_t width_ = 0;
  std::vector<double> numbers_;
};

KeptAnswers::KeptAnswers(const Context& context, const CheckpointOptions& options, const std::string& output,
                         const Beginning& beginning)
    : context_(&context), file_(context, options, output, beginning) {}
KeptAnswers::~KeptAnswers() = default;

void KeptAnswers::attach(const Network& network, RunFacts facts, Provenance about) {
  network_ = &network;
  watch_.emplace(context_->signals);
  const auto opened = file_.open(network, std::move(facts), std::move(about), "the start");
  if (!opened || opened->is_other) return;
  for (const auto& [name, numbers] : opened->checkpoint.numbers) {
    auto& list = lists_[name];
    if (!list) list = std::make_unique<List>(*this);
    found_ += list->take(numbers);
  }
  log_info("{} answers are known from there", found_);
}

void KeptAnswers::stop() {
  const HearsSignals hears;  // what was sent is heard here: no agreement ends the writing
  pause();
  throw internal_error("a solve was left that nobody had asked to end");
}

AnswerKeeper& KeptAnswers::list(const std::string& name) {
  auto& list = lists_[name];
  if (!list) list = std::make_unique<List>(*this);
  return *list;
}

/// Collective. What there is, when that is asked for.
void KeptAnswers::pause() {
  fault_point("solve");
  const auto wish = agreed_wish(context_->world, file_.wish());
  if (wish == Wish::go_on || network_ == nullptr) return;
  Checkpoint state;
  state.h.assign(at(network_->local_size()), 0.0);
  std::size_t all = 0;
  for (const auto& [name, list] : lists_) {
    state.numbers[name] = list->numbers();
    all += list->numbers().size();
  }
  if (all <= kMostKept || wish == Wish::stop) return file_.write(std::move(state), wish);
  if (!too_many_) log_warning("{} answers are too many for checkpoints: there will be no more of them", all);
  too_many_ = true;
}

}  // namespace synbal::app
