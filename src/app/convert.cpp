// synbal convert FILE... -o FILE
#include <fmt/format.h>

#include "app/command.hpp"
#include "app/loading.hpp"
#include "app/report.hpp"
#include "synbal/core/agree.hpp"
#include "synbal/core/log.hpp"
#include "synbal/io/names.hpp"

namespace synbal::app {

namespace {

struct ConvertOptions {
  InputOptions input;
  std::vector<std::string> files;
  std::string output, map;
  bool single = false;

  [[nodiscard]] Precision precision() const { return single ? Precision::single : Precision::full; }
};

std::vector<std::string> all_inputs(const ConvertOptions& options) {
  std::vector<std::string> inputs;
  for (const auto& path : options.files) {
    auto one = options.input;
    one.path = path;
    for (auto& file : input_files(one)) inputs.push_back(std::move(file));
  }
  return inputs;
}

void print(const ConvertOptions& options, const Network& network) {
  const auto& facts = network.facts;
  fmt::print("{} ({}): {} neurons, {} synapses\n", facts.path, facts.format, network.size(), network.nnz);
  fmt::print("{}; {} duplicates merged, {} zeros dropped\n", facts.taken_as, facts.duplicates_merged,
             facts.zeros_dropped);
  fmt::print("written: {}{}{}\n", options.output, options.map.empty() ? "" : ", names in ", options.map);
}

ExitCode run_convert(const Context& context, const ConvertOptions& options) {
  const auto& comm = context.world;
  context.session.refuse_unused_petsc_options();
  check_outputs(context, {{options.output, OutputKind::network}, {options.map, OutputKind::table}},
                all_inputs(options));
  agreed(comm, [&] { check_writable_format(options.output, options.precision()); });
  auto network = read_network(comm, options.files, options.input.read);
  refuse_foreign(context);
  for (const auto& notice : network.facts.notices) log_warning("{}", notice);
  if (!options.map.empty()) write_name_map(comm, network, options.map);
  warn_of_lost(comm, network, options.output, !options.map.empty());
  write_network(comm, network, options.output, options.precision());
  if (context.speaks()) print(options, network);
  return ExitCode::done;
}

}  // namespace

Command add_convert(const OptionSet& root) {
  const auto command = root.add_command("convert", "write a network in another format; several files: parts of one");
  auto o = std::make_shared<ConvertOptions>();
  o->input.read.partition = PartitionKind::nnz;
  command.add("FILE", o->files, "network; several files: parts of one edge list").required().shown_as("...");
  command.add("-o,--output", o->output, "network to write: the extension decides").required().shown_as("FILE");
  command.add_flag("--single", o->single, "weights in single precision: 8 bytes a synapse instead of 12 (.h5)");
  command.add("--map", o->map, "table of the neurons' names and their places in the new file, from 0 (.csv, .csv.gz)")
      .shown_as("FILE.csv");
  add_reading_choices(command, o->input);
  command.examples({"synbal convert connections.csv.gz --where type=chemical -o net.h5",
                    "synbal convert net.h5 -o net.mtx --map names.csv"});
  return {command, [o](const Context& context) { return run_convert(context, *o); }};
}

}  // namespace synbal::app
