// Edge lists that cannot be read: one message on all ranks, with file, line and reason.
#include <fstream>
#include <set>

#include "bad_files.hpp"
#include "files.hpp"
#include "synbal/io/formats.hpp"

namespace synbal {
namespace {

using test::world;

struct BadList {
  std::string name, text, word;
  EdgeListOptions options = {};
  ExitCode code = ExitCode::bad_input;
};

EdgeListOptions with(std::string EdgeListOptions::*field, const std::string& value) {
  EdgeListOptions options;
  options.*field = value;
  return options;
}
EdgeListOptions with(std::optional<std::string> EdgeListOptions::*field, const std::string& value) {
  EdgeListOptions options;
  options.*field = value;
  return options;
}
EdgeListOptions where(const std::string& condition) {
  EdgeListOptions options;
  options.where = {condition};
  return options;
}

const std::string kHead = "source,target,weight\n";

std::string rows(int count) {
  std::string text = kHead;
  for (int k = 0; k < count; ++k) text += std::to_string(k) + "," + std::to_string(k + 1) + ",1\n";
  return text;
}

std::vector<BadList> bad_rows() {
  return {
      {"short.csv", kHead + "a,b,1\na,b\n", "line 3: has 2 fields"},
      {"long.csv", kHead + "a,b,1\na,b,1,2\n", "line 3: has 4 fields"},
      {"late_short.csv", rows(5000) + "7,8\n", "line 5002: has 2 fields"},
      {"decimal_comma.csv", kHead + "a,b,1,5\n", "1.5 instead of 1,5"},
      {"decimal_comma_quoted.csv", kHead + "a,b,\"1,5\"\n", "decimal comma"},
      {"decimal_comma_semicolons.csv", "source;target;weight\na;b;1\nb;a;1,5\n",
       "line 3: 'weight' is '1,5', with a decimal"},
      {"unclosed.csv", kHead + "\"a,b,1\n", "quot"},
      {"unclosed_later.csv", kHead + "a,b,1\n\"a,b,1\nb,a,1\n", "line 3: a quote is not closed"},
      {"trailing.csv", kHead + "a,b,1\n\"a\"x,b,1\n", "between a closing quote and the separator"},
      {"no_number.csv", kHead + "a,b,one\n", "'weight': 'one' is not a number"},
      {"late_word.csv", rows(3000) + "7,8,x\n", "line 3002: 'weight'"},
      {"nan.csv", kHead + "a,b,nan\n", "not a number (NaN)"},
      {"inf.csv", kHead + "a,b,inf\n", "infinite"},
      {"overflow.csv", kHead + "a,b,1e999\n", "too large for a double"},
      {"underflow.csv", kHead + "a,b,1e-999\n", "too small for a double"},
      {"empty_weight.csv", kHead + "a,b,\n", "'weight' is empty"},
      {"empty_source.csv", kHead + ",b,1\n", "the neuron in 'source' is empty"},
      {"empty_target.csv", kHead + "a,\"  \",1\n", "the neuron in 'target' is empty"},
      {"rounded.csv", kHead + "7.20575940623375E+17,720575940631693610,5\n", "was rounded"},
      {"control.csv", kHead + std::string("a\x01,b,1\n"), "control characters"},
      {"long_name.csv", kHead + std::string(2000, 'n') + ",b,1\n", "a name of 2000 bytes"},
      {"sum_overflows.csv", kHead + "1,2,1e308\n1,2,1e308\n", "overflows"},
  };
}

std::vector<BadList> bad_files() {
  return {
      {"empty.csv", "", "has no rows"},
      {"header_alone.csv", kHead, "has no rows"},
      {"comments_alone.csv", "# a\n# b\n", "has no rows"},
      {"one_column.csv", "a\nb\n", "one field alone"},
      {"utf16.csv", std::string("\xFF\xFEs\0o\0", 6), "UTF-16"},
      {"zero_bytes.csv", std::string("a,b,1\nb\0,a,1\n", 13), "zero bytes"},
      {"spreadsheet.csv", "PK\x03\x04 and so on\n", "zip archive or a spreadsheet"},
      {"gzipped.csv", test::gzipped(kHead + "a,b,1\n"), "compressed with gzip"},
      {"plain.csv.gz", kHead + "a,b,1\n", "not compressed with gzip"},
      {"truncated.csv.gz", test::gzipped(rows(20000)).substr(0, 9000), "damaged or truncated"},
      {"bad_row.csv.gz", test::gzipped(rows(50000) + "7,8,x\n"), "line 50002: 'weight'"},
      {"macintosh.csv", "source,target,weight\ra,b,1\rb,a,2\r", "carriage return"},
      {"nameless.csv", "left,right,much\na,b,1\n", "presynaptic neuron cannot be told"},
      {"half_named.csv", "source,other,weight\na,b,1\n", "postsynaptic neuron cannot be told"},
      {"long_comment.csv", "#" + std::string(70000, '-') + "\na,b,1\n", "hold no whole row"},
  };
}

std::vector<BadList> bad_options() {
  using E = EdgeListOptions;
  return {
      {"column.csv", kHead + "a,b,1\n", "there is no such column", with(&E::weight, "strength")},
      {"number.csv", kHead + "a,b,1\n", "there is no such column", with(&E::weight, "4")},
      {"same.csv", kHead + "a,b,1\n", "would be source and target", with(&E::source, "target")},
      {"separator.csv", kHead + "a,b,1\n", "is no separator", with(&E::separator, "both")},
      {"condition.csv", kHead + "a,b,1\n", "is no condition", where("weight")},
      {"condition_column.csv", kHead + "a,b,1\n", "there is no such column", where("type=x")},
      {"condition_number.csv", kHead + "a,b,1\n", "'x' is no number", where("weight>=x")},
      {"nothing_left.csv", kHead + "a,b,1\n", "none of the 1 rows", where("weight=2")},
      {"no_number_there.csv", kHead + "a,b,x\n", "'weight'", where("weight>=2")},
      {"sign_word.csv", "source,target,weight,nt\na,b,1,ACH\n", "neither excitatory nor inhibitory",
       with(&E::sign_column, "nt")},
      {"sign_against.csv", "source,target,weight,nt\na,b,-1,E\n", "says excitatory", with(&E::sign_column, "nt")},
  };
}

std::vector<BadList> all_bad() {
  auto all = bad_rows();
  for (const auto& more : {bad_files(), bad_options()}) all.insert(all.end(), more.begin(), more.end());
  return all;
}

void expect_refused(const test::Folder& folder, const BadList& bad) {
  const auto path = folder.file(bad.name);
  if (world().is_root()) std::ofstream(path, std::ios::binary) << bad.text;
  world().barrier();
  ReadOptions options;
  options.edges = bad.options;
  const auto e = test::error_of([&] { read_network(world(), path, options); });
  const std::string message = e.what();
  EXPECT_EQ(e.code(), bad.code) << bad.name << ": " << message;
  EXPECT_NE(message.find(path), std::string::npos) << bad.name << ": " << message;
  EXPECT_NE(message.find(bad.word), std::string::npos) << bad.name << ": " << message;
  EXPECT_LT(message.size(), 600U) << bad.name;
  EXPECT_EQ(world().broadcast(message, 0), message) << bad.name;
}

TEST(BadEdgeLists, every_one_is_refused_alike_on_all_ranks) {
  const test::Folder folder;
  std::set<std::string> names;
  for (const auto& bad : all_bad()) {
    expect_refused(folder, bad);
    names.insert(bad.name);
  }
  EXPECT_GE(names.size(), 30U);
  EXPECT_EQ(names.size(), all_bad().size());
}

TEST(BadEdgeLists, files_of_signs_and_neurons_are_judged_with_their_lines) {
  const test::Folder folder;
  const auto list = test::put(folder, "a.csv", kHead + "a,b,1\nb,a,2\n");
  const auto told = [&](std::optional<std::string> EdgeListOptions::*field, const std::string& text, const char* word) {
    ReadOptions options;
    options.edges = with(field, test::put(folder, "beside", text));
    const std::string message = test::error_of([&] { read_network(world(), list, options); }).what();
    EXPECT_NE(message.find(word), std::string::npos) << message;
    world().barrier();
  };
  told(&EdgeListOptions::sign, "a,E\nb,perhaps\n", "line 2: 'perhaps' says neither");
  told(&EdgeListOptions::sign, "a,E\na,I\n", "excitatory and inhibitory");
  told(&EdgeListOptions::sign, "\"a,E\n", "line 1: a quoted field");
  told(&EdgeListOptions::neurons, "a\n,\n", "line 2: names no neuron");
}

TEST(BadEdgeLists, options_of_edge_lists_are_refused_for_other_formats) {
  const test::Folder folder;
  const auto path = test::put(folder, "a.mtx", "%%MatrixMarket matrix coordinate real general\n1 1 0\n");
  ReadOptions options;
  options.edges.where = {"a=b"};
  EXPECT_EQ(test::error_of([&] { read_network(world(), path, options); }).code(), ExitCode::usage);
  const auto csv = test::put(folder, "a.csv", "a,b\n");
  ReadOptions turned;
  turned.orientation = Orientation::pre_post;
  EXPECT_EQ(test::error_of([&] { read_network(world(), csv, turned); }).code(), ExitCode::usage);
  EXPECT_EQ(test::error_of([&] { read_network(world(), std::vector{path, path}, {}); }).code(), ExitCode::usage);
}

}  // namespace
}  // namespace synbal
