// Activations: their words, their values, and slopes that are derivatives.
#include <cmath>
#include <string>

#include "support/mpi_test.hpp"
#include "synbal/dynamics/activation.hpp"

namespace synbal {
namespace {

TEST(Activation, words_mean_what_they_say) {
  EXPECT_EQ(activation_of("relu")(-2), 0);
  EXPECT_EQ(activation_of("relu")(3), 3);
  EXPECT_EQ(activation_of("linear")(-2), -2);
  EXPECT_EQ(activation_of("leaky:0.25")(-2), -0.5);
  EXPECT_EQ(activation_of("bilu:2,-1")(-3), 3);
  EXPECT_EQ(activation_of("bilu:2,-1")(3), 6);
  EXPECT_EQ(activation_of("bipu:2,0.5,-3")(2), 2);
  EXPECT_EQ(activation_of("bipu:2,0.5,-3")(-2), -12);
  EXPECT_EQ(activation_of("bipu:1,1,0.5")(-2), 1);
  EXPECT_EQ(activation_of("tanh")(0.5), std::tanh(0.5));
}

TEST(Activation, slopes_are_derivatives) {
  constexpr double kApart = 1e-6;
  for (const auto* words : {"relu", "linear", "leaky:0.25", "bilu:2,-1", "bipu:2,0.5,-3", "bipu:0.5,1,1", "tanh"}) {
    const auto phi = activation_of(words);
    for (const double x : {-2.0, -0.3, 0.7, 5.0}) {
      EXPECT_NEAR(phi.slope(x), (phi(x + kApart) - phi(x - kApart)) / (2 * kApart), 1e-7) << words << " at " << x;
    }
  }
}

TEST(Activation, homogeneous_ones_scale) {
  for (const auto* words : {"relu", "linear", "leaky:0.25", "bilu:2,-1", "bipu:2,0.5,-3"}) {
    const auto phi = activation_of(words);
    EXPECT_TRUE(phi.is_homogeneous());
    for (const double x : {-2.0, 0.7}) EXPECT_NEAR(phi(3 * x), std::pow(3, phi.power) * phi(x), 1e-13) << words;
  }
  EXPECT_FALSE(activation_of("tanh").is_homogeneous());
}

TEST(Activation, other_words_are_refused) {
  for (const auto* words : {"", "sigmoid", "relu:1", "leaky", "leaky:", "leaky:x", "leaky:1,2", "bilu:1", "bipu:1,2",
                            "bipu:0,1,1", "bipu:nan,1,1", "bilu:inf,1", "tanh:2"}) {
    EXPECT_THROW((void)activation_of(words), Error) << words;
  }
}

}  // namespace
}  // namespace synbal
