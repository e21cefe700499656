// From a path to the sizes that its header tells.
#include "io/sizes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "io/generated.hpp"
#include "io/text/gz_text.hpp"
#include "synbal/core/agree.hpp"

namespace synbal {

namespace io {
namespace {

using SizesOf = NetworkSizes (*)(const InputFile&, const Source&, const ReadOptions&);

/// By the names in the table of formats.
SizesOf sizes_of(std::string_view format) {
  constexpr std::array<std::pair<std::string_view, SizesOf>, 9> table{{{"matrix-market", matrix_market_sizes},
                                                                       {"matrix-market-gz", matrix_market_gz_sizes},
                                                                       {"sonata", sonata_sizes},
                                                                       {"hdf5", hdf5_sizes},
                                                                       {"anndata", hdf5_sizes},
                                                                       {"matlab", hdf5_sizes},
                                                                       {"petsc", petsc_sizes},
                                                                       {"npz", npz_sizes},
                                                                       {"safetensors", safetensors_sizes}}};
  const auto* found = std::ranges::find(table, format, &std::pair<std::string_view, SizesOf>::first);
  return found == table.end() ? edge_list_sizes : found->second;
}

/// The first bytes of a text, and how many bytes of the file they took.
std::pair<std::string, double> beginning_of(const InputFile& file, std::size_t most) {
  std::string text(most, '\0');
  if (!file.path().ends_with(".gz")) {
    text.resize(file.read(0, text));
    return {text, static_cast<double>(text.size())};
  }
  GzText stream(file);
  text.resize(stream.read(text.data(), text.size()));
  const bool all = text.size() < most;
  return {text, static_cast<double>(all ? file.size() : stream.place())};
}

}  // namespace

NetworkSizes edge_list_sizes(const InputFile& file, const Source& source, const ReadOptions& /*options*/) {
  constexpr std::size_t looked_at = 1 << 20;  // bytes
  const auto [text, bytes] = beginning_of(file, looked_at);
  const auto lines = static_cast<double>(std::ranges::count(text, '\n'));
  double all = static_cast<double>(file.size());
  for (const auto& part : source.parts) all += static_cast<double>(InputFile(part).size());
  return {{}, {}, std::llround(bytes > 0 ? lines * all / bytes : 0.0), true};
}

}  // namespace io

namespace {

NetworkSizes sizes_of_generated(const GeneratorParams& params) {
  const auto complete = completed(params);
  return {"generator", complete.nodes, expected_synapses(complete), true, complete};
}

}  // namespace

NetworkSizes network_sizes(const Comm& comm, const std::string& path, const ReadOptions& options) {
  if (const auto params = agreed(comm, [&] { return io::generator_of(path); })) {
    return agreed(comm, [&] { return sizes_of_generated(*params); });
  }
  const auto source = io::source_of(comm, {path});
  return agreed(comm, [&] {
    const io::InputFile file(source.path);
    auto sizes = io::sizes_of(source.format->name)(file, source, options);
    sizes.format = source.format->name;
    return sizes;
  });
}

}  // namespace synbal
