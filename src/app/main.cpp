// The program: parse, start MPI and PETSc, run one command, leave with the documented exit code on all ranks together.
#include <mpi.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "app/command.hpp"
#include "synbal/core/build_info.hpp"
#include "synbal/core/log.hpp"

namespace synbal::app {

namespace {

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

/// The rank as the launcher tells it before MPI starts; help is printed once without starting MPI at all.
int launched_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return 0;
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

/// One message from one rank. A failure that not all ranks share would leave the others waiting: that one aborts the
/// job.
int fail(const Comm& farewell, ExitCode code, const std::string& message) {
  const bool together = all_ranks_arrive(farewell.get());
  if (!together || farewell.is_root()) {
    end_log_status();
    std::fprintf(stderr, "synbal: error: %s\n", message.c_str());
    std::fflush(stderr);
  }
  if (!together) MPI_Abort(MPI_COMM_WORLD, static_cast<int>(code));
  return static_cast<int>(code);
}

int run(const Arguments& arguments, int verbosity, const Body& body) {
  const Session session("synbal", arguments.petsc);
  const Comm farewell(MPI_COMM_WORLD);
  configure_log(verbosity, session.world().is_root());
  try {
    const auto code = body({session.world(), session, arguments.line, verbosity});
    session.world().barrier();  // nobody leaves with an error code while others still print
    return static_cast<int>(code);
  } catch (const Error& e) {
    return fail(farewell, e.code(), e.what());
  } catch (const std::bad_alloc&) {
    return fail(farewell, ExitCode::internal,
                "out of memory: use more ranks or machines (`synbal info` estimates the need)");
  } catch (const std::exception& e) {
    return fail(farewell, ExitCode::internal, e.what());
  }
}

int refuse(const Arguments& arguments, const std::string& message) {
  return run(arguments, 0, [&](const Context&) -> ExitCode { throw usage_error(message); });
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = split(argc, argv);
  CLI::App root{
      "Balanced weights for huge recurrent networks: every neuron's incoming cost equals its outgoing cost, and "
      "the network computes what it did before.",
      "synbal"};
  root.set_version_flag("--version", "synbal " + version() + " (" + git_revision() + ")");
  root.require_subcommand(1);
  root.fallthrough();
  root.footer(
      "PETSc options may follow `--`. Exit codes: 0 done and converged, 1 internal error, 2 usage, 3 bad input,\n"
      "4 limits reached before convergence (result written and marked), 5 input/output failure.\n"
      "Start with: synbal generate modular -o net.h5 && mpirun -n 2 synbal balance net.h5 -o balanced.h5");
  bool quiet = false, verbose = false;
  root.add_flag("-q,--quiet", quiet, "errors only");
  root.add_flag("-v,--verbose", verbose, "more about what happens");
  const Command commands[] = {add_generate(root), add_info(root), add_balance(root), add_apply(root), add_verify(root)};
  try {
    auto words = arguments.ours;
    std::reverse(words.begin(), words.end());
    root.parse(words);
  } catch (const CLI::Success& e) {
    return launched_rank() == 0 ? root.exit(e) : 0;
  } catch (const CLI::ParseError& e) {
    return refuse(arguments, std::string(e.what()) + " (see `synbal --help` or `synbal COMMAND --help`)");
  }
  for (const auto& command : commands) {
    if (command.parser->parsed()) return run(arguments, quiet ? -1 : (verbose ? 1 : 0), command.body);
  }
  return refuse(arguments, "no command given (see `synbal --help`)");
}

}  // namespace synbal::app

int main(int argc, char** argv) { return synbal::app::main(argc, argv); }
