// The field reader lives in actors/core now; this name goes when nobody includes it.
#pragma once

#include "actors/core/field_reader.hpp"
