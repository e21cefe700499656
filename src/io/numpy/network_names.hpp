// Which arrays of a bundle are the weights, biases and states of a recurrent network.
#pragma once

#include "io/numpy/bundle.hpp"
#include "synbal/io/formats.hpp"

namespace synbal::io {

struct NetworkNames {
  const BundleArray* recurrent = nullptr;
  struct Around {
    const BundleArray* array;
    ArrayRole role;
  };
  std::vector<Around> around;
  std::vector<std::string> notices;
};

/// By the options, else by the names that are usual. A recurrent matrix is looked for only with `wants_recurrent`. Not
/// collective. @throws Error bad_input when no recurrent weights can be told, several can, or gates are among them.
NetworkNames find_names(const Bundle& bundle, const ReadOptions& options, bool wants_recurrent);

}  // namespace synbal::io
