// Parameters of the model as JSON, and those that come with the program.
#include "synbal/forecast/machine.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "synbal/core/error.hpp"
#include "synbal_measured_machine.hpp"

namespace synbal {

namespace {

using Json = nlohmann::json;

/// An entry that is not negative, but where it may be.
double number(const Json& of, const char* key) {
  const auto value = of.at(key).get<double>();
  if (value < 0 || !std::isfinite(value)) throw Error(ExitCode::bad_input, fmt::format("{} is {}", key, value));
  return value;
}

double positive(const Json& of, const char* key) {
  const auto value = number(of, key);
  if (value == 0) throw Error(ExitCode::bad_input, fmt::format("{} is 0", key));
  return value;
}

MemoryCosts memory_costs(const Json& of) { return {number(of, "synapse"), number(of, "neuron"), number(of, "ghost")}; }

FamilyCosts family_costs(const Json& of) {
  return {positive(of, "pace"),  number(of, "passes"), number(of, "neuron"),
          number(of, "synapse"), number(of, "setup"),  number(of, "solver")};
}

Machine machine_in(const Json& json) {
  Machine m;
  m.measured_on = json.at("measured_on").get<std::string>();
  m.cores = json.at("cores").get<int>();
  if (m.cores < 1) throw Error(ExitCode::bad_input, fmt::format("cores is {}", m.cores));
  m.memory = positive(json, "memory"), m.cache = number(json, "cache");
  m.core_bandwidth = positive(json, "core_bandwidth"), m.node_bandwidth = positive(json, "node_bandwidth");
  m.latency = number(json, "latency"), m.link_bandwidth = positive(json, "link_bandwidth");
  m.collectives = number(json, "collectives");
  const auto& pass = json.at("pass");
  m.pass = {number(pass, "synapse"), number(pass, "far"), number(pass, "neuron"), number(pass, "ghost")};
  m.process = number(json, "process");
  m.weights = memory_costs(json.at("weights")), m.costs_alone = memory_costs(json.at("costs_alone"));
  for (const auto& [kind, of] : json.at("families").items()) m.families[kind] = family_costs(of);
  if (!m.families.contains("random")) throw Error(ExitCode::bad_input, "families has no random");
  return m;
}

}  // namespace

const FamilyCosts& Machine::family(const std::string& kind) const {
  const auto found = families.find(kind);
  return found != families.end() ? found->second : families.at("random");
}

Machine machine_of(const std::string& json, const std::string& name) {
  const auto remedy = "give what benchmarks/performance_model.py fit writes";
  try {
    return machine_in(Json::parse(json));
  } catch (const Json::parse_error&) {
    throw bad_input(fmt::format("{}: describes no machine (it is no JSON): {}", name, remedy));
  } catch (const Json::exception& e) {
    throw bad_input(fmt::format("{}: describes no machine ({}): {}", name, e.what(), remedy));
  } catch (const Error& e) {
    throw bad_input(fmt::format("{}: describes no machine ({}): {}", name, e.what(), remedy));
  }
}

const Machine& measured_machine() {
  static const Machine machine = machine_of(kMeasuredMachine, "the built-in measurements");
  return machine;
}

}  // namespace synbal
