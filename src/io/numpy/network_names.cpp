// The names of PyTorch, Keras, PsychRNN, JAX examples and the literature, in the order in which they are tried.
#include "io/numpy/network_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "io/arrays/activations.hpp"

namespace synbal::io {

namespace {
/// A usual name. Short ones mean something only when they are all of a name, long ones also behind "rnn." or "rnn/".
struct Usual {
  std::string_view name;
  bool may_follow = true;
};

constexpr std::array kRecurrent{Usual{"W_rec"},
                                Usual{"Wrec"},
                                Usual{"w_rec"},
                                Usual{"W_hh"},
                                Usual{"w_hh"},
                                Usual{"weight_hh_l0"},
                                Usual{"weight_hh"},
                                Usual{"recurrent_kernel"},
                                Usual{"recurrent_weights"},
                                Usual{"h2h.weight"},
                                Usual{"rec.weight"},
                                Usual{"recurrent.weight"},
                                Usual{"W_recurrent"},
                                Usual{"J", false},
                                Usual{"W", false},
                                Usual{"weights", false},
                                Usual{"wrec", false}};
constexpr std::array kInput{
    Usual{"W_in"},           Usual{"Win"},       Usual{"w_in"},          Usual{"W_ih"},         Usual{"w_ih"},
    Usual{"weight_ih_l0"},   Usual{"weight_ih"}, Usual{"input_weights"}, Usual{"input_kernel"}, Usual{"i2h.weight"},
    Usual{"input2h.weight"}, Usual{"in.weight"}, Usual{"W_input"},       Usual{"B", false},     Usual{"wi", false}};
constexpr std::array kOutput{
    Usual{"W_out"},         Usual{"Wout"},           Usual{"w_out"},      Usual{"W_ho"},
    Usual{"weight_ih_l1"},  Usual{"output_weights"}, Usual{"h2o.weight"}, Usual{"readout.weight"},
    Usual{"fc.weight"},     Usual{"output.weight"},  Usual{"out.weight"}, Usual{"decoder.weight"},
    Usual{"linear.weight"}, Usual{"W_output"},       Usual{"C", false},   Usual{"wo", false}};
constexpr std::array kBias{Usual{"b_rec"},    Usual{"brec"},     Usual{"bias_hh_l0"},   Usual{"bias_ih_l0"},
                           Usual{"bias_hh"},  Usual{"bias_ih"},  Usual{"b_hh"},         Usual{"b_ih"},
                           Usual{"h2h.bias"}, Usual{"i2h.bias"}, Usual{"input2h.bias"}, Usual{"recurrent_bias"},
                           Usual{"rec.bias"}, Usual{"b_h"},      Usual{"bias", false},  Usual{"b", false}};
constexpr std::array kState{Usual{"init_state"}, Usual{"initial_state"}, Usual{"h0"}, Usual{"h_0"}, Usual{"x0"},
                            Usual{"x_0"}};

/// Keras numbers its variables.
std::string_view plain(std::string_view name) { return name.ends_with(":0") ? name.substr(0, name.size() - 2) : name; }

bool is_called(std::string_view name, const Usual& usual) {
  name = plain(name);
  if (name == usual.name) return true;
  if (!usual.may_follow || !name.ends_with(usual.name)) return false;
  const char before = name[name.size() - usual.name.size() - 1];
  return before == '.' || before == '/';
}

/// What comes before the usual name.
std::string_view scope_of(std::string_view name, const Usual& usual) {
  return plain(name).substr(0, plain(name).size() - usual.name.size());
}

std::vector<const BundleArray*> called(const Bundle& bundle, const Usual& usual) {
  std::vector<const BundleArray*> found;
  for (const auto& array : bundle.arrays) {
    if (is_called(array.name, usual)) found.push_back(&array);
  }
  return found;
}

Error several(const Bundle& bundle, const std::vector<const BundleArray*>& found, const char* parameter) {
  return bundle.error(fmt::format("the arrays {} and {} could both be the {}: name the one that is meant",
                                  found[0]->name, found[1]->name, parameter));
}

/// The recurrent weights, and the usual name that they were found by.
std::pair<const BundleArray*, Usual> usual_recurrent(const Bundle& bundle) {
  for (const auto& usual : kRecurrent) {
    const auto found = called(bundle, usual);
    if (found.size() > 1) throw several(bundle, found, "`recurrent` weights");
    if (found.size() == 1) return {found[0], usual};
  }
  throw bundle.error(
      fmt::format("none of its arrays has a usual name of recurrent weights such as W_rec (there are {}): "
                  "name the `recurrent` weights",
                  bundle.names()));
}

/// Gates come as 3 (GRU) or 4 (LSTM) matrices in one.
void refuse_gates(const Bundle& bundle, const BundleArray& array) {
  if (array.shape.size() != 2) {
    throw bad_input(bundle.where(array) + " is not two-dimensional: recurrent weights are a square matrix");
  }
  const auto long_side = std::max(array.shape[0], array.shape[1]), n = std::min(array.shape[0], array.shape[1]);
  for (const auto& [gates, kind] : {std::pair{3, "GRU"}, std::pair{4, "LSTM"}}) {
    if (n == 0 || long_side != gates * n) continue;
    throw bad_input(
        fmt::format("{} is {} x {}, the gates of a {}: its sigmoids and tanhs are not homogeneous, so no "
                    "scaling leaves what it computes as it is; give a network of ReLU or linear neurons",
                    bundle.where(array), array.shape[0], array.shape[1], kind));
  }
}

template <std::size_t N>
void add_usual(const Bundle& bundle, const std::array<Usual, N>& usual, ArrayRole role, std::string_view scope,
               bool all, NetworkNames& names) {
  for (const auto& u : usual) {
    auto found = called(bundle, u);
    if (found.size() > 1) {
      std::erase_if(found, [&](const BundleArray* a) { return scope_of(a->name, u) != scope; });
    }
    if (found.size() != 1) continue;
    names.around.push_back({found[0], role});
    if (!all) return;
  }
}

/// Keras keeps "kernel" and "bias" beside "recurrent_kernel".
void add_beside(const Bundle& bundle, const std::string& name, ArrayRole role, NetworkNames& names) {
  for (const auto& array : bundle.arrays) {
    if (plain(array.name) == name) names.around.push_back({&array, role});
  }
}

void add_named(const Bundle& bundle, const std::vector<std::string>& given, ArrayRole role, NetworkNames& names) {
  for (const auto& name : given) {
    if (name != "none") names.around.push_back({&bundle.get(name), role});
  }
}

void add_around(const Bundle& bundle, const ArrayNames& given, std::string_view scope, NetworkNames& names) {
  add_named(bundle, given.input, ArrayRole::input_weights, names);
  add_named(bundle, given.output_weights, ArrayRole::output_weights, names);
  add_named(bundle, given.bias, ArrayRole::bias, names);
  add_named(bundle, given.initial_state, ArrayRole::initial_state, names);
  if (given.input.empty()) add_usual(bundle, kInput, ArrayRole::input_weights, scope, false, names);
  if (given.output_weights.empty()) add_usual(bundle, kOutput, ArrayRole::output_weights, scope, false, names);
  if (given.bias.empty()) add_usual(bundle, kBias, ArrayRole::bias, scope, true, names);
  if (given.initial_state.empty()) add_usual(bundle, kState, ArrayRole::initial_state, scope, false, names);
}

void add_keras(const Bundle& bundle, const ReadOptions& options, std::string_view scope, NetworkNames& names) {
  if (options.arrays.input.empty()) add_beside(bundle, std::string(scope) + "kernel", ArrayRole::input_weights, names);
  if (options.arrays.bias.empty()) add_beside(bundle, std::string(scope) + "bias", ArrayRole::bias, names);
  if (options.orientation == Orientation::pre_post) return;
  names.notices.push_back(
      fmt::format("{} is Keras's name, whose rows are presynaptic neurons: give the orientation pre-post, unless the "
                  "matrix was transposed",
                  names.recurrent->name));
}
}  // namespace

NetworkNames find_names(const Bundle& bundle, const ReadOptions& options, bool wants_recurrent) {
  NetworkNames names;
  names.notices = notices_of_activation(bundle.activation);
  std::string_view scope;
  if (wants_recurrent) {
    const auto [recurrent, usual] = options.arrays.recurrent
                                        ? std::pair{&bundle.get(*options.arrays.recurrent), Usual{""}}
                                        : usual_recurrent(bundle);
    names.recurrent = recurrent;
    refuse_gates(bundle, *recurrent);
    for (const auto& known : kRecurrent) {
      if (is_called(recurrent->name, known)) scope = scope_of(recurrent->name, known);
    }
    if (is_called(recurrent->name, {"recurrent_kernel"})) add_keras(bundle, options, scope, names);
  }
  add_around(bundle, options.arrays, scope, names);
  std::erase_if(names.around, [&](const auto& a) { return a.array == names.recurrent; });
  return names;
}

}  // namespace synbal::io
