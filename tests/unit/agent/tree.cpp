#include "tests/unit/agent/tree.h"

namespace chorus::agent::testing {

// Compiled alone, so that the objects of the other tests are the same wherever the sources lie.
std::string fixture(std::string_view path) {
    return std::string(CHORUS_FIXTURES) + '/' + std::string(path);
}

}  // namespace chorus::agent::testing
