// Neurons and synapses are found by the names that the user's file gives them, whatever the partition.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "files.hpp"
#include "synbal/io/selection.hpp"

namespace synbal {
namespace {

using test::world;

constexpr GlobalIndex kSelected = 60;

/// The same network as .mtx, whose entries count from 1, as .h5, and with ids of its own (named.h5).
struct NamedFiles {
  NamedFiles() {
    auto network = test::random_network(kSelected, 4);
    write_network(world(), network, folder.file("a.mtx"));
    write_network(world(), network, folder.file("a.h5"));
    for (LocalIndex i = 0; i < network.local_size(); ++i)
      network.nodes.id.push_back(id_of_place(network.file_index(i)));
    write_network(world(), network, folder.file("named.h5"));
  }
  static std::int64_t id_of_place(GlobalIndex place) { return 5000 - 7 * place; }
  test::Folder folder;
};

/// Places in the file of the neurons marked, over all ranks.
std::vector<GlobalIndex> places(const Network& network, const std::vector<std::uint8_t>& marked) {
  std::vector<GlobalIndex> own;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (marked[i] != 0) own.push_back(network.file_index(static_cast<LocalIndex>(i)));
  }
  auto all = world().gather_all<GlobalIndex>(std::span<const GlobalIndex>(own));
  std::ranges::sort(all);
  return all;
}

const PartitionKind kPartitions[] = {PartitionKind::contiguous, PartitionKind::nnz, test::cut_partition()};

TEST(Selection, neurons_are_those_of_the_file_under_any_partition) {
  const NamedFiles files;
  const std::vector<GlobalIndex> expected{0, 3, 59};
  const auto list = test::put(files.folder, "ids", "# three\n59\n\n0  # the first\n3\n");
  for (const auto partition : kPartitions) {
    const auto marked = [&](const char* file, const std::string& words) {
      const auto network = test::read_as(files.folder.file(file), partition);
      return places(network, select_neurons(world(), network, "--record", words));
    };
    EXPECT_EQ(marked("a.mtx", "0,3,59"), expected);
    EXPECT_EQ(marked("a.mtx", list), expected);
    EXPECT_EQ(marked("a.h5", "59,0,3,0"), expected);
    EXPECT_EQ(marked("a.h5", list), expected);
    EXPECT_EQ(marked("named.h5", "5000,4979,4587"), expected);
    EXPECT_EQ(marked("a.h5", "none").size(), 0U);
    EXPECT_EQ(marked("a.h5", "all").size(), static_cast<std::size_t>(kSelected));
  }
}

TEST(Selection, ids_that_two_neurons_have_mean_nobody) {
  auto network = test::random_network(kSelected, 4);
  for (LocalIndex i = 0; i < network.local_size(); ++i) network.nodes.id.push_back(network.file_index(i) / 2);
  EXPECT_THROW((void)select_neurons(world(), network, "--record", "7"), Error);
}

TEST(Selection, ids_are_told_as_the_user_knows_them) {
  const NamedFiles files;
  for (const auto partition : kPartitions) {
    for (const auto* file : {"a.mtx", "a.h5", "named.h5"}) {
      const auto network = test::read_as(files.folder.file(file), partition);
      const auto ids = test::all_values(network, neuron_ids(network));
      for (GlobalIndex place = 0; place < kSelected; ++place) {
        const auto name = std::string(file);
        const auto expected = name == "named.h5" ? NamedFiles::id_of_place(place) : place;
        EXPECT_EQ(ids.at(static_cast<std::size_t>(place)), expected);
      }
    }
  }
}

/// Every seventh entry of the network, in the words of an option and of a file.
struct Pairs {
  std::string list, file;
  std::vector<test::Entry> entries;
};
Pairs some_pairs(const Network& network) {
  Pairs pairs;
  const auto all = test::entries_of(network);
  for (std::size_t k = 0; k < all.size(); k += 7) {
    const auto& [i, j, w] = all[(k * 31) % all.size()];  // in no order
    pairs.entries.push_back(all[(k * 31) % all.size()]);
    pairs.list += fmt::format("{}{},{}", pairs.list.empty() ? "" : ";", i, j);
    pairs.file += fmt::format("{} {}\n", i, j);
  }
  return pairs;
}

TEST(Selection, synapses_come_in_the_order_of_the_list) {
  const NamedFiles files;
  const auto pairs = some_pairs(test::read_as(files.folder.file("a.h5"), PartitionKind::contiguous));
  const auto file = test::put(files.folder, "pairs", pairs.file);
  for (const auto partition : kPartitions) {
    const auto network = test::read_as(files.folder.file("a.h5"), partition);
    for (const auto& words : {pairs.list, file}) {
      const auto found = select_synapses(world(), network, "--record-synapses", words);
      EXPECT_EQ(found.count, static_cast<std::int64_t>(pairs.entries.size()));
      std::set<std::int64_t> seen;
      for (std::size_t k = 0; k < found.place.size(); ++k) {
        const auto& [i, j, w] = pairs.entries.at(static_cast<std::size_t>(found.place[k]));
        EXPECT_EQ(found.postsynaptic[k], i);
        EXPECT_EQ(found.presynaptic[k], j);
        EXPECT_EQ(network.file_index(found.row[k]), i);
        EXPECT_EQ(network.weight.at(static_cast<std::size_t>(found.entry[k])), w);
        EXPECT_TRUE(seen.insert(found.place[k]).second);
      }
      EXPECT_EQ(world().sum(static_cast<std::int64_t>(seen.size())), found.count);
    }
    EXPECT_EQ(select_synapses(world(), network, "--record-synapses", "").count, 0);
  }
}

TEST(Selection, pairs_need_no_synapse_between_them) {
  const NamedFiles files;
  const auto file = test::put(files.folder, "pairs", "5000 4587\n\n4979 4979\n");
  for (const auto partition : kPartitions) {
    const auto network = test::read_as(files.folder.file("named.h5"), partition);
    for (const auto& words : {std::string("5000,4587;4979,4979"), file}) {
      const auto found = select_pairs(world(), network, "--pair", words);
      const auto first = world().gather_all(std::span<const std::int64_t>(found.first_id));
      const auto second = world().gather_all(std::span<const std::int64_t>(found.second_id));
      EXPECT_EQ(first, (std::vector<std::int64_t>{5000, 4979}));
      EXPECT_EQ(second, (std::vector<std::int64_t>{4587, 4979}));
      const auto ids = world().gather_all(std::span<const std::int64_t>(neuron_ids(network)));  // by global index
      for (std::size_t k = 0; k < found.first.size(); ++k) {
        EXPECT_EQ(ids.at(static_cast<std::size_t>(found.first[k])), found.first_id[k]);
        EXPECT_EQ(ids.at(static_cast<std::size_t>(found.second[k])), found.second_id[k]);
      }
    }
  }
}

TEST(Selection, mistakes_are_named_and_told_to_all_ranks) {
  const NamedFiles files;
  const auto network = test::read_as(files.folder.file("a.h5"), test::cut_partition());
  const auto told = [&](ExitCode code, const char* words, const auto& action) {
    const auto e = test::error_of(action);
    EXPECT_EQ(e.code(), code);
    EXPECT_NE(std::string(e.what()).find(words), std::string::npos) << e.what();
  };
  const auto neurons = [&](const std::string& words) {
    return [&, words] { select_neurons(world(), network, "--record", words); };
  };
  const auto synapses = [&](const std::string& words) {
    return [&, words] { select_synapses(world(), network, "--record-synapses", words); };
  };
  told(ExitCode::bad_input, "--record (a list, as no file has that name): item 2: no neuron has the id 60",
       neurons("3,60"));
  told(ExitCode::bad_input, "line 2: no neuron has the id 600", neurons(test::put(files.folder, "ids", "3\n600\n")));
  told(ExitCode::usage, "'' is no neuron's id", neurons("3,,4"));
  told(ExitCode::usage, "'1-2'", neurons("1-2"));
  told(ExitCode::io_failure,
       "'nowhere' is no list of ids (I,J,...) and was taken for a file of ids, which is not there", neurons("nowhere"));
  told(ExitCode::io_failure, "(I,J;I,J;...) and was taken for a file of pairs of ids", synapses("nowhere"));
  told(ExitCode::usage, "'3' is no pair", synapses("3"));
  told(ExitCode::usage, "'1,2,3' is no pair", synapses("0,1;1,2,3"));
  told(ExitCode::bad_input, "item 2: no neuron has the id 99", synapses("0,1;1,99"));
  told(ExitCode::bad_input, "line 1", synapses(test::put(files.folder, "pairs", "5\n")));
  // Nobody has a synapse onto itself and onto all others: one of these is missing.
  std::string row;
  for (int j = 0; j < kSelected; ++j) row += fmt::format("{}0,{}", j > 0 ? ";" : "", j);
  told(ExitCode::bad_input, "there is no synapse from neuron", synapses(row));
  told(ExitCode::usage, "'1-2'", [] { check_selection("--record", "1-2", Selection::neurons); });
  told(ExitCode::io_failure, "nowhere.h5", [] { check_selection("--record", "nowhere.h5:/x", Selection::neurons); });
  told(ExitCode::done, "", [] { check_selection("--record", "all", Selection::neurons); });
  told(ExitCode::done, "", [] { check_selection("--record-synapses", "1,2;3,4", Selection::synapses); });
}

TEST(Selection, in_a_network_of_nothing) {
  const auto network = test::random_network(0, 0);
  EXPECT_TRUE(select_neurons(world(), network, "--record", "all").empty());
  EXPECT_EQ(test::error_of([&] { select_neurons(world(), network, "--record", "0"); }).code(), ExitCode::bad_input);
}

}  // namespace
}  // namespace synbal
