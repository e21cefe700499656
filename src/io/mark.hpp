// What written files say of who made them, so that a later run may replace them (synbal/io/target.hpp).
#pragma once

namespace synbal::io {

inline constexpr char kMark[] = "synbal";       ///< value of the attribute in HDF5; last bytes of .npz and of SONATA
inline constexpr char kMarkName[] = "program";  ///< of the attribute, and in the metadata of .safetensors
inline constexpr char kMarkInTensors[] = "\"program\":\"synbal\"";
/// In Matrix Market files, which tell by it what their rows are.
inline constexpr char kMarketComment[] = "\n% row = postsynaptic, column = presynaptic neuron\n";

}  // namespace synbal::io
