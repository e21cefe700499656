// Each attribute is named once, for writing and for reading.
#include "io/hdf5/provenance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace synbal::io {

namespace {
/// visit(name, member) for all attributes.
template <class AnyProvenance, class Visit>
void for_each_attribute(AnyProvenance& told, Visit&& visit) {
  visit("program", told.program);
  visit("version", told.version);
  visit("git", told.git);
  visit("command", told.command);
  visit("input_path", told.input_path);
  visit("input_checksum", told.input_checksum);
  visit("orientation", told.orientation);
  visit("library_versions", told.libraries);
  visit("started", told.started);
  visit("finished", told.finished);
  visit("reason", told.reason);
  visit("p", told.power);
  visit("tolerance", told.tolerance);
  visit("input_size", told.input_size);
  visit("n", told.n);
  visit("nnz", told.nnz);
  visit("ranks", told.ranks);
  visit("petsc_int_bits", told.petsc_int_bits);
  visit("exit_code", told.exit_code);
  visit("cost_scope", told.cost_scope);
  visit("gauge", told.gauge);
  visit("cost_terms", told.cost_terms);
  visit("alpha_path", told.alpha_path);
  visit("alpha_checksum", told.alpha_checksum);
}

/// What results of earlier versions do not say: there was no choice.
bool is_younger(std::string_view name) {
  constexpr std::array<std::string_view, 5> younger{"cost_scope", "gauge", "cost_terms", "alpha_path",
                                                    "alpha_checksum"};
  return std::ranges::find(younger, name) != younger.end();
}

std::int64_t integer_attribute(const Hdf5Input& file, const char* name) {
  const auto values = file.integer_attribute("/", name);
  if (values.size() != 1) throw file.error(fmt::format("attribute '{}' of / is not one integer", name));
  return values[0];
}
}  // namespace

void declare_provenance(const Provenance& told, Hdf5Output& output) {
  for_each_attribute(told, [&](const char* name, const auto& value) {
    if constexpr (std::is_integral_v<std::decay_t<decltype(value)>>) {
      output.attribute("/", name, static_cast<std::int64_t>(value));
    } else {
      output.attribute("/", name, value);
    }
  });
}

Provenance read_provenance(const Hdf5Input& file) {
  Provenance told;
  for_each_attribute(told, [&](const char* name, auto& value) {
    using T = std::decay_t<decltype(value)>;
    if (is_younger(name) && !file.has_attribute("/", name)) return;
    if constexpr (std::is_same_v<T, std::string>) value = file.text_attribute("/", name);
    if constexpr (std::is_same_v<T, double>) value = file.real_attribute("/", name);
    if constexpr (std::is_integral_v<T>) value = static_cast<T>(integer_attribute(file, name));
  });
  return told;
}

}  // namespace synbal::io
