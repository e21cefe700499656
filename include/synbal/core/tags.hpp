// The tags of all point-to-point messages. What is under way at one time in one communicator must differ here.
#pragma once

namespace synbal::tag {

inline constexpr int exchange = 11;
inline constexpr int halo_forward = 21;
inline constexpr int halo_reverse = 22;
inline constexpr int block = 23;
inline constexpr int chain_up = 24;
inline constexpr int chain_down = 25;
inline constexpr int chain_rows = 26;
inline constexpr int colors = 27;
inline constexpr int gz_text = 31;
inline constexpr int text_output = 32;
inline constexpr int publication = 41;
inline constexpr int clock = 51;
inline constexpr int clock_times = 52;
inline constexpr int simulator = 1'024;           ///< the first of PassOrder::kTags, as many as one pass uses
inline constexpr int schedule_coloring = 12'000;  ///< likewise

}  // namespace synbal::tag
