// Columns of the table.
#include "app/outcome/neuron_table.hpp"

#include <cmath>

#include "synbal/io/selection.hpp"
#include "synbal/io/table.hpp"

namespace synbal::app {

void write_neurons(const Comm& comm, const Network& network, const NeuronOutcome& outcome, const Provenance& about,
                   const std::string& path) {
  const auto ids = neuron_ids(network);
  Table table;
  table.named = &network;
  table.rows = network.local_size();
  for (LocalIndex i = 0; i < network.local_size(); ++i) table.place.push_back(network.file_index(i));
  const auto add = [&](const char* name, auto&& value) {
    table.columns.push_back(real_column(name, [value](std::int64_t i) { return value(at(i)); }));
  };
  table.columns = {neuron_column("neuron", [&ids](std::int64_t i) { return ids[at(i)]; })};
  const auto& o = outcome;
  add("h", [o](std::size_t i) { return o.h[i]; });
  add("input_factor", [o](std::size_t i) { return std::exp(-o.h[i]); });
  add("output_factor", [o](std::size_t i) { return std::exp(o.h[i]); });
  add("in_cost_before", [o](std::size_t i) { return o.in_before[i]; });
  add("out_cost_before", [o](std::size_t i) { return o.out_before[i]; });
  add("in_cost", [o](std::size_t i) { return o.in_after[i]; });
  add("out_cost", [o](std::size_t i) { return o.out_after[i]; });
  write_table(comm, table, about, path);
}

}  // namespace synbal::app
