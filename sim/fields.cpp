#include "sim/fields.hpp"
