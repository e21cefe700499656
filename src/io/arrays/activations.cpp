// By name, as PyTorch, Keras, PsychRNN and people call them.
#include "io/arrays/activations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace synbal::io {

namespace {
constexpr std::array<std::string_view, 17> kHomogeneous{
    "relu",          "leakyrelu",       "linear",          "identity", "none",   "prelu", "bilu", "bipu", "abs",
    "absolutevalue", "thresholdlinear", "rectifiedlinear", "rectify",  "maxout", "rrelu", "rect", "lrelu"};

/// Small letters and digits alone: "Leaky_ReLU" and "leaky relu" are one.
std::string simplified(std::string_view name) {
  std::string simple;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      simple += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return simple;
}
}  // namespace

std::vector<std::string> notices_of_activation(std::string_view name) {
  const auto simple = simplified(name);
  if (simple.empty() || std::ranges::find(kHomogeneous, std::string_view(simple)) != kHomogeneous.end()) return {};
  return {
      fmt::format("the file names the activation '{}', which is not known to be homogeneous (phi(a x) = a phi(x) for "
                  "a > 0): scaled weights compute the same only with ReLU, leaky ReLU or linear neurons",
                  name.substr(0, 40))};
}

}  // namespace synbal::io
