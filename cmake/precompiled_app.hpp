// The same for the commands: what they all share.
#include "app/checkpointing.hpp"
#include "app/command.hpp"
#include "app/loading.hpp"
#include "app/options.hpp"
#include "app/report.hpp"
#include "precompiled.hpp"
