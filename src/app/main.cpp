// The program: parse, start MPI and PETSc, run one command, leave with the documented exit code on all ranks together.
#include <mpi.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "app/command.hpp"
#include "synbal/core/abandoned.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/fault.hpp"
#include "synbal/core/heap.hpp"
#include "synbal/core/launch.hpp"
#include "synbal/core/log.hpp"
#include "synbal/core/watchdog.hpp"

namespace synbal::app {

namespace {

constexpr double kPatience = 600;  // s, of the watchdog: longer than file systems and suspended disks sleep

/// The words before and after `--`.
struct Arguments {
  std::vector<std::string> ours, petsc;
  std::string line;
};

Arguments split(int argc, char** argv) {
  Arguments arguments;
  bool petsc = false;
  for (int k = 0; k < argc; ++k) {
    const std::string word = argv[k];
    arguments.line += (k > 0 ? " " : "") + word;
    if (k == 0) continue;
    if (!petsc && word == "--") {
      petsc = true;
    } else {
      (petsc ? arguments.petsc : arguments.ours).push_back(word);
    }
  }
  return arguments;
}

/// The first word after `--` that is neither an option nor the value of one: PETSc would stop on it, or not see it.
const std::string* stray_word(const std::vector<std::string>& petsc) {
  const auto is_option = [](const std::string& w) { return w.size() > 1 && w[0] == '-' && (std::isdigit(w[1]) == 0); };
  bool value_may_follow = false;
  for (const auto& word : petsc) {
    if (!is_option(word) && !value_may_follow) return &word;
    value_may_follow = is_option(word);
  }
  return nullptr;
}

/// True when every rank got here within a few seconds: then they can leave together.
bool all_ranks_arrive(MPI_Comm comm) {
  MPI_Request request = MPI_REQUEST_NULL;
  if (MPI_Ibarrier(comm, &request) != MPI_SUCCESS) return false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  int done = 0;
  while (done == 0 && std::chrono::steady_clock::now() < deadline) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return done != 0;
}

/// How the commands are to behave.
struct Manner {
  int verbosity = 0;
  bool force = false;
  double watchdog = 0;  ///< seconds; 0: none
};

/// An end that was asked for.
bool is_stop(ExitCode code) { return code == ExitCode::stopped || static_cast<int>(code) > 128; }

/// One message from one rank. A failure that not all ranks share would leave the others waiting: that one aborts the
/// job.
int fail(const Comm& farewell, ExitCode code, const std::string& message) {
  const bool together = all_ranks_arrive(farewell.get());
  if (!together || farewell.is_root()) {
    end_log_status();
    std::fprintf(stderr, "synbal: %s%s\n", is_stop(code) ? "" : "error: ", message.c_str());
    std::fflush(stderr);
  }
  if (!together) MPI_Abort(MPI_COMM_WORLD, std::min(static_cast<int>(code), 125));  // 126 and up end with 0
  return static_cast<int>(code);
}

/// PETSc did not start. Ranks that still wait inside its start can agree on nothing: rank 0 speaks, the others give it
/// time, and whoever comes first ends the job.
int fail_to_start(const Arguments& arguments, const std::string& message) {
  const int code = static_cast<int>(arguments.petsc.empty() ? ExitCode::internal : ExitCode::usage);
  if (launched_rank().value_or(0) == 0) {
    std::fprintf(stderr, "synbal: error: MPI or PETSc did not start (%s): check the words after -- and PETSC_OPTIONS\n",
                 message.c_str());
  } else {
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
  int started = 0;
  MPI_Initialized(&started);
  if (started != 0) MPI_Abort(MPI_COMM_WORLD, code);
  return code;
}

constexpr const char* kLostAnswers =
    "stdout: cannot be written (disk full, or closed at the other end): what was to be printed is lost";

/// Collective. What was printed may still be in memory, and the disk behind stdout be full.
void flush_answers(const Comm& comm) {
  const bool lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (comm.any(lost)) throw io_failure(kLostAnswers);
}

/// The command, from what every command is given to what it leaves.
int run(const Session& session, const Arguments& arguments, const Manner& manner, const Command& command) {
  const Comm farewell(MPI_COMM_WORLD);
  configure_log(manner.verbosity, session.world().is_root());
  const Watchdog watchdog(session.world(), manner.watchdog, static_cast<int>(ExitCode::internal));
  const InterruptGuard signals;
  OutputLocks locks;
  std::vector<std::string> foreign;
  try {
    fault_point("start");
    const auto code = command.body(
        {session.world(), session, arguments.line, manner.verbosity, signals, locks, foreign, manner.force});
    flush_answers(session.world());
    session.world().barrier();  // nobody leaves with an error code while others still print
    return static_cast<int>(code);
  } catch (const Error& e) {
    return fail(farewell, e.code(), command.options.in_option_names(e.what()));
  } catch (const std::bad_alloc&) {
    return fail(farewell, ExitCode::io_failure,
                "out of memory: use more ranks or machines (`synbal info` estimates the need)");
  } catch (const std::exception& e) {
    return fail(farewell, ExitCode::internal, e.what());
  }
}

int run(const Arguments& arguments, const Manner& manner, const Command& command) {
  std::unique_ptr<const Session> session;
  try {
    session = std::make_unique<const Session>("synbal", arguments.petsc);
  } catch (const Error& e) {
    return fail_to_start(arguments, e.what());
  }
  const int code = run(*session, arguments, manner, command);
  if (!libraries_abandoned()) return code;
  std::fflush(nullptr);
  std::_Exit(code);
}

int refuse(const std::string& message) {
  return run({}, {}, {{}, [&](const Context&) -> ExitCode { throw usage_error(message); }});
}

OptionSet root_options(bool& quiet, bool& verbose, bool& force, double& watchdog) {
  OptionSet root("synbal",
                 "Balanced weights for huge recurrent networks: every neuron's incoming cost equals its outgoing cost, "
                 "and the network computes what it did before.",
                 "synbal " + version() + " (" + git_revision() + ")");
  root.footer(
      "PETSc options may follow `--`. Exit codes: 0 done and converged, 1 internal error or ranks that do not get on "
      "(--watchdog), 2 usage, 3 bad input, "
      "4 limits reached before convergence (result written and marked), 5 input/output failure, "
      "75 stopped by a signal or walltime with a valid checkpoint or trajectory, 128+N by signal N without one.");
  root.examples({"synbal generate modular -o net.h5", "mpirun -n 2 synbal balance net.h5 -o balanced.h5"});
  root.add_flag("-q,--quiet", quiet, "errors, and answers that go to no file, only");
  root.add_flag("-v,--verbose", verbose, "more about what happens, such as a line for every iteration");
  root.add_flag("--force", force, "replace files that synbal did not make; resume with another input or other options");
  root.add("--watchdog", watchdog,
           "end a run none of whose ranks, all on one host, gets on for so many seconds, and say where each stands "
           "(exit "
           "code 1); 0: never")
      .not_negative()
      .shown_as("SECONDS")
      .with_default();
  return root;
}

}  // namespace

int main(int argc, char** argv) {
  use_heap(HeapUse::least_memory);  // until the size of the network is known
  const auto arguments = split(argc, argv);
  bool quiet = false, verbose = false, force = false;
  double watchdog = kPatience;
  const auto root = root_options(quiet, verbose, force, watchdog);
  const Command commands[] = {add_generate(root),   add_info(root),    add_balance(root), add_flow(root),
                              add_apply(root),      add_convert(root), add_verify(root),  add_laplacian(root),
                              add_resistance(root), add_perturb(root), add_simulate(root)};
  const auto parsed = root.parse(arguments.ours);
  if (parsed.outcome == Parsed::Outcome::text) {
    if (launched_rank().value_or(0) != 0) return 0;  // help is printed once, without starting MPI at all
    const bool told = std::fputs(parsed.text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    if (!told) std::fprintf(stderr, "synbal: error: %s\n", kLostAnswers);
    return told ? 0 : static_cast<int>(ExitCode::io_failure);
  }
  if (parsed.outcome == Parsed::Outcome::mistake) {
    return refuse(parsed.text);
  }
  if (const auto* word = stray_word(arguments.petsc)) {
    return refuse("'" + *word + "' after -- is no PETSc option and no value of one: remove it");
  }
  for (const auto& command : commands) {
    if (command.options.chosen()) return run(arguments, {quiet ? -1 : (verbose ? 1 : 0), force, watchdog}, command);
  }
  return refuse("no command given (see `synbal --help`)");
}

}  // namespace synbal::app

int main(int argc, char** argv) { return synbal::app::main(argc, argv); }
