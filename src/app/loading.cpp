// Reading as the commands do it.
#include "app/loading.hpp"

#include "synbal/core/log.hpp"

namespace synbal::app {

Network load_network(const Comm& comm, const InputOptions& options, PhaseTimes& times) {
  auto read = options.read;
  const bool by_ptscotch = read.partition == PartitionKind::ptscotch;
  if (by_ptscotch) read.partition = PartitionKind::nnz;  // partitioned below, where its time is taken
  auto network = timed(comm, times.read, [&] { return read_network(comm, options.path, read); });
  for (const auto& notice : network.facts.notices) log_warning("{}", notice);
  if (by_ptscotch) {
    network = timed(comm, times.partition, [&] { return partition_by_ptscotch(comm, std::move(network)); });
  }
  log_info("read {}: {} neurons, {} synapses on {} {}", options.path, network.size(), network.nnz, comm.size(),
           comm.size() == 1 ? "rank" : "ranks");
  return network;
}

Loaded load(const Comm& comm, const InputOptions& options, PhaseTimes& times) {
  Loaded loaded;
  loaded.network = load_network(comm, options, times);
  loaded.components =
      timed(comm, times.components, [&] { return strongly_connected_components(comm, loaded.network); });
  return loaded;
}

}  // namespace synbal::app
