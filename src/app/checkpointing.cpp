// When and where states are kept, and what a run may go on from.
#include "app/checkpointing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <utility>

#include "synbal/core/agree.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

/// A name of the file for a value of a part, and back.
std::string joined(const std::string& part, const std::string& name) { return part + "/" + name; }
std::pair<std::string, std::string> parted(const std::string& name) {
  const auto slash = name.find('/');
  return {name.substr(0, slash), slash == name.npos ? std::string() : name.substr(slash + 1)};
}

/// A well-mixed number (splitmix64).
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The value of a fact, or other words.
std::string value_in(const RunFacts& facts, const std::string& name, const char* otherwise) {
  const auto found = std::ranges::find(facts, name, &std::pair<std::string, std::string>::first);
  return found == facts.end() ? otherwise : found->second;
}

std::string difference(const RunFacts& then, const RunFacts& now) {
  std::vector<std::string> words;
  const auto compare = [&](const std::string& name, const std::string& before, const std::string& after) {
    if (before != after) words.push_back(fmt::format("{} was {}, is {}", name, before, after));
  };
  for (const auto& [name, value] : now) compare(name, value_in(then, name, "not given"), value);
  for (const auto& [name, value] : then) compare(name, value, value_in(now, name, "not given"));
  std::ranges::sort(words);
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return fmt::format("{}", fmt::join(words, "; "));
}

/// Why a state is not taken, and what to do.
struct Objection {
  std::string why, remedy;
};
std::optional<Objection> objection_to(const Checkpoint& found, const RunFacts& facts) {
  if (found.format != kStateFormat) {
    const auto& by = found.about;
    return Objection{fmt::format("was kept by another version, {} {} ({})", by.program, by.version, by.git),
                     "go on with that one"};
  }
  const auto differs = difference(found.facts, facts);
  if (differs.empty()) return {};
  return Objection{fmt::format("is of another run ({})", differs), "give the same input and options"};
}

}  // namespace

std::string CheckpointOptions::path_for(const std::string& output) const {
  if (!path.empty()) return path;
  const auto stem = output.ends_with(".h5") ? output.substr(0, output.size() - 3) : output;
  return stem + ".checkpoint.h5";
}

void add_checkpoint_options(const OptionSet& command, CheckpointOptions& o) {
  const auto group = command.add_group(
      "Jobs that survive", "USR1: checkpoint and go on; TERM, INT, USR2: checkpoint and stop (exit code 75)");
  group.add("--checkpoint", o.path, "where the run keeps its state (OUTPUT with .checkpoint.h5); removed after success")
      .shown_as("FILE.h5");
  group.add("--checkpoint-interval", o.interval, "seconds between checkpoints; 0: never, not on signals either")
      .not_negative()
      .with_default();
  group.add_optional("--resume", o.resume, "go on from the checkpoint, or from this one").shown_as("[FILE.h5]");
  group.add_flag("--resume-if-exists", o.resume_if_exists, "the same where there is one, else begin");
}

void describe(ReportWriter& report, const ResumedSection& resumed) {
  report("checkpoint", resumed.checkpoint)("times", resumed.times)("since", resumed.since);
  report("seconds_before", resumed.seconds_before);
}

void print(const ResumedSection& resumed) {
  fmt::print("resumed      {} {} since {}, after {:.3g} s of earlier runs\n", resumed.times,
             resumed.times == 1 ? "time" : "times", resumed.since, resumed.seconds_before);
}

void describe(ReportWriter& report, const KeptSection& kept) {
  report("path", kept.path)("written", kept.written)("seconds", kept.seconds);
}

std::string neuron_facts(const Comm& comm, const Network& network, GlobalIndex outside) {
  const auto& nodes = network.nodes;
  std::uint64_t sum = 0;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    if (network.file_index(i) >= network.size() - outside) continue;  // as many as there are ranks
    std::uint64_t hash = 0;
    const auto add = [&](std::uint64_t bits) { hash = mixed(hash ^ bits); };
    if (!nodes.pinned.empty() && nodes.pinned[at(i)] != 0) add(1);
    if (!nodes.gain.empty()) add(std::bit_cast<std::uint64_t>(nodes.gain[at(i)]));
    if (!nodes.exponent.empty()) add(~std::bit_cast<std::uint64_t>(nodes.exponent[at(i)]));
    if (!nodes.group.empty()) add(mixed(static_cast<std::uint64_t>(nodes.group[at(i)])));
    for (auto e = network.row_ptr[at(i)]; !network.alpha.empty() && e < network.row_ptr[at(i) + 1]; ++e) {
      add(std::bit_cast<std::uint64_t>(network.alpha[at(e)]));
    }
    if (hash != 0) sum += mixed(hash ^ static_cast<std::uint64_t>(network.file_index(i)));
  }
  return fmt::format("{:016x}", comm.sum(sum));
}

std::string state_facts(const BalanceProblem& problem, const Network& network) {
  const auto h = problem.to_network(problem.base(), 0.0);
  std::uint64_t sum = 0;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    sum += mixed(std::bit_cast<std::uint64_t>(h[at(i)]) ^ mixed(static_cast<std::uint64_t>(network.file_index(i))));
  }
  return fmt::format("{:016x}", problem.comm().sum(sum));
}

std::string hash_of(const Comm& comm, std::span<const ItemFacts> items) {
  std::uint64_t sum = 0;
  for (const auto& item : items) {
    std::uint64_t hash = 0;
    for (const auto number : item) hash = mixed(hash ^ static_cast<std::uint64_t>(number));
    sum += hash;
  }
  return fmt::format("{:016x}", comm.sum(sum));
}

StateFile::StateFile(const Context& context, const CheckpointOptions& options, const std::string& output,
                     const Beginning& beginning)
    : context_(&context), options_(&options), beginning_(&beginning), path_(options.path_for(output)) {
  kept_.path = path_;
  const auto wanted = options.resume.value_or("");
  const auto file = wanted.empty() ? path_ : wanted;
  const bool exists = agreed(context.world, [&] { return context.world.is_root() && has_checkpoint(file); });
  const bool found = context.world.any(exists);
  if (options.resume && !found) {
    throw io_failure(
        fmt::format("{}: there is no checkpoint to go on from: leave out --resume, or give --resume-if-exists", file));
  }
  if (found && (options.resume || options.resume_if_exists)) {
    from_ = file;
  } else if (found) {
    log_warning("{} is the checkpoint of an earlier run, which --resume would go on from; this run begins anew", file);
  }
}

/// Collective. The newest one that is whole.
Checkpoint StateFile::read() const {
  try {
    return read_checkpoint(context_->world, *network_, from_, outside_);
  } catch (const Error& e) {  // of all ranks together
    const auto previous = previous_checkpoint(from_);
    std::error_code unknown;
    if (!context_->world.any(std::filesystem::exists(previous, unknown))) throw;
    log_warning("{}; trying the one before it, {}", e.what(), previous);
    try {
      return read_checkpoint(context_->world, *network_, previous, outside_);
    } catch (const Error& second) {
      throw Error(e.code(), fmt::format("{}; nor can the one before it be used ({})", e.what(), second.what()));
    }
  }
}

std::optional<StateFile::Found> StateFile::open(const Network& network, RunFacts facts, Provenance about,
                                                const char* begins, GlobalIndex outside) {
  network_ = &network, outside_ = outside;
  facts_ = std::move(facts), about_ = std::move(about);
  if (from_.empty()) return {};
  Found found{read()};
  const auto objection = objection_to(found.checkpoint, facts_);
  found.is_other = objection.has_value();
  if (objection && !context_->force) {
    throw bad_input(
        fmt::format("{} {}: {}, or --force to begin from {}", from_, objection->why, objection->remedy, begins));
  }
  if (objection) log_warning("{} {}: {} is the beginning all the same", from_, objection->why, begins);
  resumed_ =
      ResumedSection{from_, found.checkpoint.resumed + 1, found.checkpoint.since, found.checkpoint.seconds_before};
  log_info("going on from {}: resumed {} {}, since {}", from_, resumed_->times, resumed_->times == 1 ? "time" : "times",
           resumed_->since);
  return found;
}

void Checkpointing::attach(const Network& network, const BalanceProblem& problem, RunFacts facts, Provenance about,
                           GlobalIndex outside) {
  problem_ = &problem;
  const auto opened = file_.open(network, std::move(facts), std::move(about), "its h", outside);
  if (!opened) return;
  const auto& found = opened->checkpoint;
  RunState state;
  for (const auto& [name, values] : found.numbers) {
    const auto [part, rest] = parted(name);
    state[part].numbers[rest] = values;
  }
  for (const auto& [name, values] : found.neurons) {
    const auto [part, rest] = parted(name);
    state[part].neurons[rest] = problem.from_network(values);
  }
  if (opened->is_other) state.clear();
  begin_with(std::move(state), problem.from_network(found.h));
}

Wish StateFile::wish() const {
  const auto& signals = context_->signals;
  if (signals.requested()) return Wish::stop;
  if (options_->interval <= 0) return Wish::go_on;
  const bool asked = signals.save_requests() > heard_saves_;
  return asked || since_last_.seconds() > options_->interval ? Wish::keep : Wish::go_on;
}

void StateFile::complete(Checkpoint& checkpoint) const {
  checkpoint.about = about_, checkpoint.facts = facts_, checkpoint.outside = outside_;
  checkpoint.about.reason = "checkpoint", checkpoint.about.exit_code = -1, checkpoint.about.finished = utc_now();
  checkpoint.resumed = resumed_ ? resumed_->times : 0;
  checkpoint.since = resumed_ ? resumed_->since : beginning_->date;
  checkpoint.seconds_before = beginning_->timer.seconds() + (resumed_ ? resumed_->seconds_before : 0);
}

/// Collective. What went wrong, if anything; the checkpoint that stood there before is then as it was.
std::optional<Error> StateFile::attempt(const Checkpoint& state) {
  const Timer timer;
  fault_point("checkpoint");
  try {
    write_checkpoint(context_->world, *network_, state, path_);
  } catch (const Error& e) {  // of all ranks together
    return e;
  }
  const auto seconds = context_->world.max(timer.seconds());
  ++kept_.written;
  kept_.seconds += seconds;
  log_info("checkpoint {} written in {:.2g} s", path_, seconds);
  return {};
}

void Checkpointing::write(const RunState& state, std::span<const double> h, Wish agreed) {
  Checkpoint checkpoint;
  checkpoint.h = problem_->to_network(h, 0.0);
  for (const auto& [part, held] : state) {
    for (const auto& [name, values] : held.numbers) checkpoint.numbers[joined(part, name)] = values;
    for (const auto& [name, values] : held.neurons) {
      checkpoint.neurons[joined(part, name)] = problem_->to_network(values, 0.0);
    }
  }
  file_.write(std::move(checkpoint), agreed);
}

void StateFile::write(Checkpoint&& state, Wish agreed) {
  std::optional<Error> lost;
  complete(state);
  if (options_->interval > 0) lost = attempt(state);
  if (lost && agreed != Wish::stop) log_warning("no checkpoint could be written: {}", lost->what());
  heard_saves_ = context_->signals.save_requests();
  since_last_ = Timer();
  if (agreed == Wish::stop) stop(lost);
}

std::string StateFile::advice() const {
  const bool own = kept_.written > 0;
  const auto& file = own ? path_ : from_;
  const bool plain = own && options_->path.empty();
  return fmt::format("{} is whole: give {} to go on from it", file, plain ? "--resume" : "--resume " + file);
}

void StateFile::stop(const std::optional<Error>& lost) const {
  const auto signal = context_->world.max(context_->signals.signal());
  const auto by = fmt::format("stopped by {}", signal_name(signal));
  if (lost && !kept())
    throw Error(lost->code(), fmt::format("{}, and no checkpoint could be written: {}", by, lost->what()));
  if (kept()) throw Error(ExitCode::stopped, fmt::format("{}; {}", by, advice()));
  throw Error(static_cast<ExitCode>(128 + signal), by + " without a checkpoint, as none was wanted");
}

Error StateFile::as_stopped(const Error& error) const {
  if (static_cast<int>(error.code()) <= 128 || !kept()) return error;
  return {ExitCode::stopped,
          fmt::format("stopped by {}; {}", signal_name(static_cast<int>(error.code()) - 128), advice())};
}

void StateFile::remove() const {
  agreed(context_->world, [&] {
    if (context_->world.is_root() && kept_.written > 0) remove_checkpoints(path_);
    if (context_->world.is_root() && resumed_ && from_ == path_) remove_checkpoints(path_);
  });
}

}  // namespace synbal::app
