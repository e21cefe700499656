// The binary formats beside the native one: their headers alone, and networks with all that stands around them.
#include <cmath>

#include "binary_files.hpp"
#include "files.hpp"
#include "io/arrays/number_type.hpp"
#include "io/numpy/npy_header.hpp"
#include "io/petsc/petsc_header.hpp"
#include "io/sonata/edge_types.hpp"

namespace synbal {
namespace {

using test::world;

// ---- numbers

TEST(NumberTypes, of_all_widths_and_byte_orders_become_doubles) {
  const auto value = [](const char* type, const std::string& bytes) {
    double number = 0;
    io::convert(std::as_bytes(std::span(bytes)), *io::numpy_type(type), std::span(&number, 1));
    return number;
  };
  EXPECT_EQ(value("<i2", std::string("\xfe\xff", 2)), -2);
  EXPECT_EQ(value(">i2", std::string("\xff\xfe", 2)), -2);
  EXPECT_EQ(value(">u4", std::string("\x80\0\0\1", 4)), 2147483649.0);
  EXPECT_EQ(value("|u1", "\xff"), 255);
  EXPECT_EQ(value("|i1", "\xff"), -1);
  EXPECT_EQ(value("|b1", "\1"), 1);
  EXPECT_EQ(value(">f4", std::string("\x3f\xc0\0\0", 4)), 1.5);
  EXPECT_EQ(value("<f2", std::string("\0\x3e", 2)), 1.5);
  EXPECT_EQ(value("<f2", std::string("\1\0", 2)), 0x1p-24);
  EXPECT_EQ(value("<f2", std::string("\xff\xfb", 2)), -65504);
  EXPECT_TRUE(std::isinf(value("<f2", std::string("\0\x7c", 2))));
  EXPECT_FALSE(io::numpy_type("<c16"));
  EXPECT_FALSE(io::numpy_type("|O"));
}

TEST(NumberTypes, integers_that_no_int64_holds_are_found) {
  const auto bytes = test::raw(std::vector<std::uint64_t>{5, std::uint64_t{1} << 63});
  std::vector<std::int64_t> into(2);
  const auto wrong = io::convert(std::as_bytes(std::span(bytes)), *io::numpy_type("<u8"), std::span(into));
  EXPECT_EQ(into[0], 5);
  EXPECT_EQ(wrong, std::optional<std::size_t>(1));
  const auto half = test::raw(std::vector<double>{1.5});
  EXPECT_TRUE(io::convert(std::as_bytes(std::span(half)), *io::numpy_type("<f8"), std::span(into).first(1)));
}

// ---- headers

TEST(NpyHeader, that_is_written_is_read_back) {
  for (const auto& shape : {std::vector<std::int64_t>{}, {7}, {3, 4}, {2, 0, 5}}) {
    const auto text = io::npy_header(">f4", shape, true);
    EXPECT_EQ(text.size() % 64, 0U);
    const auto header = io::parse_npy_header("x", text);
    EXPECT_EQ(header.type, ">f4");
    EXPECT_EQ(header.shape, shape);
    EXPECT_TRUE(header.by_columns);
    EXPECT_EQ(header.data, text.size());
  }
}

TEST(NpyHeader, is_taken_as_old_and_new_writers_form_it) {
  const auto old = test::npy("{\"shape\": (3L, 4L), 'fortran_order': True, 'descr': '<i8'}", "");
  const auto header = io::parse_npy_header("x", old);
  EXPECT_EQ(header.elements(), 12);
  EXPECT_EQ(header.type, "<i8");
  const auto record = test::npy("{'descr': [('a', '<f8'), ('b', '<i4')], 'fortran_order': False, 'shape': (2,)}", "");
  EXPECT_EQ(io::parse_npy_header("x", record).type, "");
}

TEST(PetscHeader, tells_the_widths_of_integers_and_scalars) {
  const auto parse = [](const std::string& bytes, ByteCount size) {
    return io::parse_petsc_header("x", std::as_bytes(std::span(bytes)), size);
  };
  const auto narrow = test::big_endian(std::vector<std::int32_t>{1211216, 3, 3, 5}) + std::string(16, '\0');
  EXPECT_EQ(parse(narrow, 16 + 8 * 4 + 5 * 8).integer_bytes, 4);
  EXPECT_EQ(parse(narrow, 16 + 8 * 4 + 5 * 8).scalar_bytes, 8);
  EXPECT_EQ(parse(narrow, 16 + 8 * 4 + 5 * 4).scalar_bytes, 4);
  EXPECT_THROW(parse(narrow, 16 + 8 * 4 + 5 * 4 - 1), Error);
  const auto wide = test::big_endian(std::vector<std::int64_t>{1211216, 3, 3, 5});
  const auto header = parse(wide, 32 + 8 * 8 + 5 * 8);
  EXPECT_EQ(header.integer_bytes, 8);
  EXPECT_EQ(header.scalars_begin(), 32 + 3 * 8 + 5 * 8);
}

TEST(EdgeTypes, are_read_by_the_names_of_their_columns) {
  const auto types = io::parse_edge_types(
      "x", "edge_type_id target_query syn_weight nsyns\r\n100 \"a == 'b c'\" 0.5 3\n\n101 x NULL NULL\n");
  EXPECT_EQ(types.at(100).weight, 0.5);
  EXPECT_EQ(types.at(100).synapses, 3);
  EXPECT_FALSE(types.at(101).weight);
  for (const auto* bad :
       {"", "id\n1\n", "edge_type_id a\n1\n", "edge_type_id\n1\n1\n", "edge_type_id syn_weight\n1 x\n"}) {
    EXPECT_THROW((void)io::parse_edge_types("x", bad), Error) << bad;
  }
}

// ---- networks with arrays around them

/// The array as [row][column] on every rank. Collective.
std::vector<double> whole(const NetworkArray& array) {
  return world().gather_all(std::span<const double>(array.values));
}

NetworkArray made_array(ArrayRole role, std::vector<std::int64_t> shape, int axis) {
  NetworkArray array{to_string(role), role, shape, axis, {}, {}, {}};
  const auto size = shape.size() == 2 ? shape[0] * shape[1] : shape[0];
  array.elements = Ownership::even(world(), size);
  for (std::int64_t k = 0; k < array.elements.count(); ++k) {
    const auto place = array.elements.first() + k;
    array.values.push_back(std::sin(0.5 + static_cast<double>(place) + static_cast<double>(role)));
  }
  return array;
}

Network with_arrays(Network network) {
  const auto n = network.size();
  network.arrays = {made_array(ArrayRole::input_weights, {n, 3}, 0), made_array(ArrayRole::output_weights, {2, n}, 1),
                    made_array(ArrayRole::bias, {n}, 0), made_array(ArrayRole::initial_state, {n}, 0)};
  return network;
}

class ArrayFormats : public testing::TestWithParam<const char*> {};

TEST_P(ArrayFormats, keep_every_bit_of_a_whole_network) {
  const test::Folder folder;
  const auto network = with_arrays(test::random_network(41, 5));
  const auto path = folder.file(std::string("network") + GetParam());
  write_network(world(), network, path);
  const auto back = read_network(world(), path, {});
  EXPECT_EQ(test::entries_of(back), test::entries_of(network));
  ASSERT_EQ(back.arrays.size(), 4U);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(back.arrays[k].role, network.arrays[k].role);
    EXPECT_EQ(back.arrays[k].shape, network.arrays[k].shape);
    EXPECT_EQ(back.arrays[k].neuron_axis, network.arrays[k].neuron_axis);
    EXPECT_EQ(whole(back.arrays[k]), whole(network.arrays[k]));
  }
}
INSTANTIATE_TEST_SUITE_P(io, ArrayFormats, testing::Values(".h5", ".npz", ".safetensors"));

// With J' = J e^{h_j - h_i} the state of neuron i is e^{-h_i} times what it was: so is what adds to it.
TEST(ScaledArrays, take_the_factors_that_leave_outputs_alone) {
  auto network = with_arrays(test::random_network(23, 4));
  const auto before = network.arrays;
  const auto h_of = [](GlobalIndex i) { return std::cos(3.0 * static_cast<double>(i)); };
  std::vector<double> h;
  for (LocalIndex i = 0; i < network.local_size(); ++i) h.push_back(h_of(network.rows.first() + i));
  scale_weights(world(), network, h);
  const std::vector<std::vector<GlobalIndex>> neuron{before[0].neurons(), before[1].neurons()};
  for (std::size_t a = 0; a < 4; ++a) {
    const auto neurons = before[a].neurons();
    for (std::size_t k = 0; k < neurons.size(); ++k) {
      const double sign = before[a].role == ArrayRole::output_weights ? 1 : -1;
      EXPECT_NEAR(network.arrays[a].values[k] / before[a].values[k], std::exp(sign * h_of(neurons[k])), 1e-14);
    }
  }
  const auto in = world().gather_all(std::span<const GlobalIndex>(neuron[0]));
  const auto out = world().gather_all(std::span<const GlobalIndex>(neuron[1]));
  EXPECT_EQ(in[7], 2);        // row of element 7 of 23 x 3
  EXPECT_EQ(out[23 + 7], 7);  // column of element 30 of 2 x 23
}

TEST(ScaledArrays, survive_a_partition_that_moves_neurons) {
  const test::Folder folder;
  const auto network = with_arrays(test::random_network(60, 4));
  write_network(world(), network, folder.file("a.h5"));
  ReadOptions moved;
  moved.partition = test::cut_partition();
  auto back = read_network(world(), folder.file("a.h5"), moved);
  std::vector<double> h;
  for (LocalIndex i = 0; i < back.local_size(); ++i) h.push_back(0.01 * static_cast<double>(back.file_index(i)));
  scale_weights(world(), back, h);
  write_network(world(), back, folder.file("b.h5"));
  const auto again = read_network(world(), folder.file("b.h5"), {});
  const auto bias = whole(again.arrays[2]), original = whole(network.arrays[2]);
  for (std::size_t i = 0; i < bias.size(); ++i) {
    EXPECT_NEAR(bias[i], original[i] * std::exp(-0.01 * static_cast<double>(i)), 1e-15);
  }
}

TEST(Bundles, presynaptic_rows_are_turned_round) {
  const test::Folder folder;
  const std::vector<double> j{0, 1, 0, 0, 0, 2, 3, 0, 0}, in{10, 11, 12, 20, 21, 22, 30, 31, 32};
  const auto square = [](const std::vector<double>& values) {
    return test::npy(test::npy_dictionary("<f8", "(3, 3)"), test::raw(values));
  };
  const auto path = test::put(folder, "a.npz", test::zip({{"W_rec.npy", square(j)}, {"W_in.npy", square(in)}}));
  ReadOptions options;
  options.orientation = Orientation::pre_post;
  const auto network = read_network(world(), path, options);
  EXPECT_EQ(test::entries_of(network), (std::vector<test::Entry>{{0, 2, 3}, {1, 0, 1}, {2, 1, 2}}));
  EXPECT_EQ(network.arrays[0].neuron_axis, 1);
  write_network(world(), network, folder.file("b.h5"));
  const auto back = read_network(world(), folder.file("b.h5"), {});
  EXPECT_EQ(whole(back.arrays[0]), (std::vector<double>{10, 20, 30, 11, 21, 31, 12, 22, 32}));
}

TEST(Bundles, names_that_are_given_count_more_than_usual_ones) {
  const test::Folder folder;
  const auto one = [](double value) {
    return test::npy(test::npy_dictionary("<f8", "(1, 1)"), test::raw(std::vector{value}));
  };
  const auto path =
      test::put(folder, "a.npz", test::zip({{"W_rec.npy", one(1)}, {"mine.npy", one(2)}, {"b_rec.npy", one(3)}}));
  ReadOptions options;
  options.arrays.recurrent = "mine";
  options.arrays.bias = {"none"};
  const auto network = read_network(world(), path, options);
  EXPECT_EQ(test::entries_of(network), (std::vector<test::Entry>{{0, 0, 2}}));
  EXPECT_TRUE(network.arrays.empty());
  options.arrays.recurrent = "absent";
  EXPECT_EQ(test::error_of([&] { read_network(world(), path, options); }).code(), ExitCode::bad_input);
}

}  // namespace
}  // namespace synbal
