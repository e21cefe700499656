// The same for the programs of GoogleTest.
#include <gtest/gtest.h>

#include <filesystem>

#include "precompiled.hpp"
