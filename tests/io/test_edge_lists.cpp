// Edge lists in all their dialects give the networks that they say, with the same numbers at any rank count.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "bad_files.hpp"
#include "files.hpp"
#include "io/edges/edge_fields.hpp"
#include "synbal/io/formats.hpp"
#include "synbal/io/selection.hpp"

// Options are named one by one here, the others left as they are.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace synbal {
namespace {

using test::world;

/// An entry as the user sees it: postsynaptic and presynaptic neuron by name or id, and the weight.
using Entry = std::tuple<std::string, std::string, double>;

/// Collective. Names, or ids as text, of all neurons in the order of their numbers.
std::vector<std::string> all_names(const Network& network) {
  std::string own;
  const auto ids = neuron_ids(network);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    own += (network.nodes.name.empty() ? std::to_string(ids[i]) : std::string(network.nodes.name[i])) + '\n';
  }
  const auto letters = world().gather_all(std::span<const char>(own));
  std::vector<std::string> names(1);
  for (const char c : letters) {
    if (c == '\n') names.emplace_back();
    if (c != '\n') names.back() += c;
  }
  names.pop_back();
  return names;
}

/// Collective. All entries, sorted.
std::vector<Entry> entries_of(const Network& network) {
  std::vector<GlobalIndex> row, column;
  for (LocalIndex i = 0; i < network.local_size(); ++i) {
    for (auto e = network.row_ptr[at(i)]; e < network.row_ptr[at(i) + 1]; ++e) {
      row.push_back(network.rows.first() + i);
      column.push_back(network.global(network.column[at(e)]));
    }
  }
  const auto rows = world().gather_all(std::span<const GlobalIndex>(row));
  const auto columns = world().gather_all(std::span<const GlobalIndex>(column));
  const auto weights = world().gather_all(std::span<const double>(network.weight));
  const auto names = all_names(network);
  std::vector<Entry> entries;
  for (std::size_t k = 0; k < rows.size(); ++k)
    entries.emplace_back(names[at(rows[k])], names[at(columns[k])], weights[k]);
  std::ranges::sort(entries);
  return entries;
}

Network read_text(const test::Folder& folder, const std::string& name, const std::string& text,
                  const EdgeListOptions& edges = {}) {
  ReadOptions options;
  options.edges = edges;
  const auto path = test::put(folder, name, text);
  auto network = read_network(world(), path, options);
  world().barrier();
  return network;
}

const std::vector<Entry> kThree{{"B", "A", 2.5}, {"C", "A", -1}, {"C", "B", 3}};

TEST(EdgeLists, every_dialect_says_the_same) {
  const test::Folder folder;
  const auto same = [&](const std::string& name, const std::string& text, const EdgeListOptions& edges = {}) {
    const auto network = read_text(folder, name, text, edges);
    EXPECT_EQ(entries_of(network), kThree) << name;
    EXPECT_EQ(all_names(network), (std::vector<std::string>{"A", "B", "C"})) << name;
  };
  same("plain.csv", "source,target,weight\nA,B,2.5\nA,C,-1\nB,C,3\n");
  same("no_header.csv", "A,B,2.5\nA,C,-1\nB,C,3\n");
  same("crlf.csv", "A,B,2.5\r\nA,C,-1\r\nB,C,3");
  same("bom.csv", "\xEF\xBB\xBFpre,post,syn_count\nA,B,2.5\nA,C,-1\nB,C,3\n");
  same("tabs.tsv", "from\tto\tw\nA\tB\t2.5\nA\tC\t-1\nB\tC\t3\n");
  same("blanks.txt", "  A  B 2.5\nA C\t-1\n\nB C 3  \n");
  same("semicolons.csv", "Pre;Post;Weight\nA;B;2.5\nA;C;-1\nB;C;3\n");
  same("comments.csv", "# of whom\n\nsource,target,weight\nA,B,2.5\n # more\nA,C,-1\nB,C,3\n# end");
  same("quoted.csv", "\"source\",\"target\",\"weight\"\n\"A\",\"B\",\"2.5\"\n \"A \" ,C,-1\nB,  C,3\n");
  same("turned.csv", "weight,target,x,source\n2.5,B,q,A\n-1,C,q,A\n3,C,q,B\n");
  same("columns.csv", "A,x,B,2.5\nA,x,C,-1\nB,x,C,3\n", {.target = "3", .weight = "4"});
  same("named.csv", "n1,n2,much\nA,B,2.5\nA,C,-1\nB,C,3\n", {.source = "n1", .target = "n2"});
  same("bars.txt", "A|B|2.5\nA|C|-1\nB|C|3\n");
  same("zipped.csv.gz", test::gzipped("A,B,2.5\nA,C,-1\nB,C,3\n"));
  same("split_sums.csv", "A,B,1.5\nA,B,1\nA,C,-1\nB,C,3\n");
  same("zeros.csv", "A,B,2.5\nA,C,-1\nB,C,3\nC,C,0\n");
}

TEST(EdgeLists, rows_without_a_weight_weigh_one) {
  const test::Folder folder;
  const std::vector<Entry> ones{{"B", "A", 1}, {"C", "B", 2}};
  EXPECT_EQ(entries_of(read_text(folder, "a.csv", "A,B\nB,C\nB,C\n")), ones);
  EXPECT_EQ(entries_of(read_text(folder, "b.csv", "A,B,7\nB,C,7\nB,C,7\n", {.weight = "none"})), ones);
}

TEST(EdgeLists, integers_are_ordered_as_numbers_up_to_the_last_bit) {
  const test::Folder folder;
  const auto network =
      read_text(folder, "a.csv", "9223372036854775807,-5,1\n720575940623374957,720575940623374958,2\n100,20,3\n");
  EXPECT_TRUE(network.nodes.name.empty());
  EXPECT_EQ(all_names(network), (std::vector<std::string>{"-5", "20", "100", "720575940623374957", "720575940623374958",
                                                          "9223372036854775807"}));
  EXPECT_EQ(entries_of(network),
            (std::vector<Entry>{
                {"-5", "9223372036854775807", 1}, {"20", "100", 3}, {"720575940623374958", "720575940623374957", 2}}));
}

TEST(EdgeLists, what_is_no_plain_integer_is_a_name) {
  const test::Folder folder;
  const auto beyond = read_text(folder, "a.csv", "9223372036854775808,7,1\n7,18446744073709551616,1\n");
  EXPECT_EQ(all_names(beyond), (std::vector<std::string>{"18446744073709551616", "7", "9223372036854775808"}));
  EXPECT_TRUE(beyond.nodes.id.empty());
  std::string late;
  for (int k = 0; k < 4000; ++k) late += fmt::format("{},{},1\n", k, k + 1);
  const auto mixed = read_text(folder, "b.csv", late + "007,7,2\n");  // the last row makes names of all
  EXPECT_EQ(mixed.size(), 4002);
  const auto entries = entries_of(mixed);
  EXPECT_NE(std::ranges::find(entries, Entry{"7", "007", 2}), entries.end());
}

TEST(EdgeLists, conditions_select_rows) {
  const test::Folder folder;
  const std::string text = "pre,post,n,type\nA,B,2.5,chem\nA,C,1,gap\nB,C,3,both\nC,A,0.5,chem\n";
  const auto taken = [&](const std::vector<std::string>& where) {
    std::vector<double> weights;
    EdgeListOptions options{.weight = "n"};
    options.where = where;
    for (const auto& entry : entries_of(read_text(folder, "a.csv", text, options)))
      weights.push_back(std::get<2>(entry));
    std::ranges::sort(weights);
    return weights;
  };
  using W = std::vector<double>;
  EXPECT_EQ(taken({"type=chem"}), (W{0.5, 2.5}));
  EXPECT_EQ(taken({"type=chem", "type=gap"}), (W{0.5, 1, 2.5}));
  EXPECT_EQ(taken({"type!=chem"}), (W{1, 3}));
  EXPECT_EQ(taken({"n>=1", "n<=2.5"}), (W{1, 2.5}));
  EXPECT_EQ(taken({"4=chem", "pre=A"}), (W{2.5}));
}

TEST(EdgeLists, signs_come_from_a_column_or_a_file) {
  const test::Folder folder;
  const std::vector<Entry> expected{{"B", "A", -2}, {"C", "A", -1}, {"C", "B", 3}};
  const auto from = [&](const std::string& text, const EdgeListOptions& edges) {
    return entries_of(read_text(folder, "a.csv", text, edges));
  };
  EXPECT_EQ(from("pre,post,w,s\nA,B,2,I\nA,C,1,-1\nB,C,3,exc\n", {.sign_column = "s"}), expected);
  EXPECT_EQ(
      from("pre,post,w,nt\nA,B,2,GABA\nA,C,1,glut\nB,C,3,ACH\n", {.sign_column = "nt", .inhibitory = {"GABA,GLUT"}}),
      expected);
  const std::string plain = "A,B,2\nA,C,1\nB,C,3\n";
  EXPECT_EQ(from(plain, {.sign = test::put(folder, "s1", "A\n")}), expected);
  EXPECT_EQ(from(plain, {.sign = test::put(folder, "s2", "neuron,nt\nB,E\nA,I\nX,I\n")}), expected);
  EXPECT_EQ(from(plain, {.sign = test::put(folder, "s3", "A gaba\nB ach\n"), .inhibitory = {"GABA"}}), expected);
}

TEST(EdgeLists, a_list_of_neurons_selects_and_adds) {
  const test::Folder folder;
  const auto network = read_text(folder, "a.csv", "A,B,2\nA,M1,1\nB,C,3\n",
                                 {.neurons = test::put(folder, "n", "neuron\nZ\nA\nB\nC # with a comment\n")});
  EXPECT_EQ(all_names(network), (std::vector<std::string>{"A", "B", "C", "Z"}));
  EXPECT_EQ(entries_of(network), (std::vector<Entry>{{"B", "A", 2}, {"C", "B", 3}}));
  EXPECT_EQ(network.facts.entries, 2);
}

/// Rows of a generated network whose weights are exact in decimal, over as many files.
std::vector<std::string> parts_of_network(int parts, int rows) {
  std::vector<std::string> text(static_cast<std::size_t>(parts), "source,target,weight\n");
  for (int k = 0; k < rows; ++k) {
    text[static_cast<std::size_t>(k * parts / rows)] +=
        fmt::format("n{},n{},{}\n", k * 7919 % 331, k * 104729 % 331, 0.1 * k);
  }
  return text;
}

TEST(EdgeLists, parts_are_one_network_with_the_same_bits) {
  const test::Folder folder;
  const auto whole = entries_of(read_text(folder, "whole.csv", parts_of_network(1, 5000)[0]));
  const auto texts = parts_of_network(5, 5000);
  std::vector<std::string> paths;
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const bool packed = k == 2;
    paths.push_back(test::put(folder, fmt::format("part-{}.csv", k), texts[k]));
    if (packed) paths.back() = test::put(folder, "packed.csv.gz", test::gzipped(texts[k]));
  }
  EXPECT_EQ(entries_of(read_network(world(), paths, {})), whole);
  EXPECT_EQ(entries_of(read_network(world(), folder.file("part-*.csv"), {})), whole);
  const auto single = Comm(MPI_COMM_SELF);
  EXPECT_EQ(read_network(single, folder.file("part-?.csv"), {}).nnz, std::ssize(whole));
  world().barrier();
}

TEST(EdgeLists, written_and_read_again_they_are_the_same_network) {
  const test::Folder folder;
  auto network = test::random_network(60, 3);
  const auto& own = network.rows;
  for (GlobalIndex i = own.first(); i < own.first() + own.count(); ++i) {
    network.nodes.name.push_back(fmt::format("n{:03d}, \"{}\"", i, i % 7 == 0 ? "#" : "x;y"));
  }
  const auto before = entries_of(network);
  for (const auto* name : {"a.csv", "a.tsv", "a.txt", "a.csv.gz", "a.h5"}) {
    write_network(world(), network, folder.file(name));
    const auto again = read_network(world(), folder.file(name), {});
    EXPECT_EQ(entries_of(again), before) << name;
    EXPECT_EQ(again.size(), network.size()) << name;
    world().barrier();
  }
}

TEST(EdgeLists, neurons_are_named_by_their_names_under_any_partition) {
  const test::Folder folder;
  const auto path = test::put(folder, "a.csv", "A,B,2\nB,A,1\nB,C d,3\nC d,A,4\nE,A,1\nA,E,1\n");
  const auto list = test::put(folder, "list", "C d\nE # and a comment\n");
  for (const auto partition : {PartitionKind::contiguous, PartitionKind::nnz, test::cut_partition()}) {
    ReadOptions options;
    options.partition = partition;
    options.pinned = list;
    const auto network = read_network(world(), path, options);
    const auto names = all_names(network);
    std::vector<std::string> pinned;
    const auto all = world().gather_all(std::span<const std::uint8_t>(network.nodes.pinned));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] != 0) pinned.push_back(names[i]);
    }
    std::ranges::sort(pinned);
    EXPECT_EQ(pinned, (std::vector<std::string>{"C d", "E"}));
    EXPECT_EQ(world().sum(std::ranges::count(select_neurons(world(), network, "--record", "A, C d"), 1)), 2);
    const auto synapses = select_synapses(world(), network, "--synapse", "C d,B; A,C d");
    EXPECT_EQ(synapses.count, 2);
    const auto e = test::error_of([&] { select_neurons(world(), network, "--record", "A,X"); });
    EXPECT_NE(std::string(e.what()).find("no neuron is called 'X'"), std::string::npos) << e.what();
  }
  world().barrier();
}

TEST(PlainIntegers, are_those_that_print_as_they_are_written) {
  for (const std::int64_t n : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{12345678},
                               std::int64_t{123456789012345678}, INT64_MAX, INT64_MIN}) {
    std::int64_t value = 1;
    EXPECT_TRUE(io::plain_integer(std::to_string(n), value));
    EXPECT_EQ(value, n);
  }
  std::int64_t value = 0;
  for (const auto* text : {"", "-", "-0", "007", "+7", "1.0", "9223372036854775808", "-9223372036854775809", "1234567a",
                           "12345678/0", "99999999999999999999", "0x10", " 7"}) {
    EXPECT_FALSE(io::plain_integer(text, value)) << text;
  }
}

}  // namespace
}  // namespace synbal
