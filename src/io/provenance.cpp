// Each attribute is named once, for writing and for reading.
#include "provenance.hpp"

#include <fmt/format.h>

#include <array>

namespace synbal::io {

namespace {
struct TextAttribute {
  const char* name;
  std::string Provenance::*member;
};
struct RealAttribute {
  const char* name;
  double Provenance::*member;
};
struct CountAttribute {
  const char* name;
  std::int64_t Provenance::*member;
};
struct NumberAttribute {
  const char* name;
  int Provenance::*member;
};

constexpr std::array kTexts{TextAttribute{"program", &Provenance::program},
                            TextAttribute{"version", &Provenance::version},
                            TextAttribute{"git", &Provenance::git},
                            TextAttribute{"command", &Provenance::command},
                            TextAttribute{"input_path", &Provenance::input_path},
                            TextAttribute{"input_checksum", &Provenance::input_checksum},
                            TextAttribute{"orientation", &Provenance::orientation},
                            TextAttribute{"library_versions", &Provenance::library_versions},
                            TextAttribute{"started", &Provenance::started},
                            TextAttribute{"finished", &Provenance::finished},
                            TextAttribute{"reason", &Provenance::reason}};
constexpr std::array kReals{RealAttribute{"p", &Provenance::power}, RealAttribute{"tolerance", &Provenance::tolerance}};
constexpr std::array kCounts{CountAttribute{"input_size", &Provenance::input_size}, CountAttribute{"n", &Provenance::n},
                             CountAttribute{"nnz", &Provenance::nnz}};
constexpr std::array kNumbers{NumberAttribute{"ranks", &Provenance::ranks},
                              NumberAttribute{"petsc_int_bits", &Provenance::petsc_int_bits},
                              NumberAttribute{"exit_code", &Provenance::exit_code}};

std::int64_t integer_attribute(const Hdf5Input& file, const char* name) {
  const auto values = file.integer_attribute("/", name);
  if (values.size() != 1) throw file.error(fmt::format("attribute '{}' of / is not one integer", name));
  return values[0];
}
}  // namespace

void declare_provenance(const Provenance& told, Hdf5Output& output) {
  for (const auto& a : kTexts) output.attribute("/", a.name, told.*(a.member));
  for (const auto& a : kReals) output.attribute("/", a.name, told.*(a.member));
  for (const auto& a : kCounts) output.attribute("/", a.name, told.*(a.member));
  for (const auto& a : kNumbers) output.attribute("/", a.name, static_cast<std::int64_t>(told.*(a.member)));
}

Provenance read_provenance(const Hdf5Input& file) {
  Provenance told;
  for (const auto& a : kTexts) told.*(a.member) = file.text_attribute("/", a.name);
  for (const auto& a : kReals) told.*(a.member) = file.real_attribute("/", a.name);
  for (const auto& a : kCounts) told.*(a.member) = integer_attribute(file, a.name);
  for (const auto& a : kNumbers) told.*(a.member) = static_cast<int>(integer_attribute(file, a.name));
  return told;
}

}  // namespace synbal::io
