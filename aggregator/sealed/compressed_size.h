// How small PostgreSQL will make a value.
#pragma once

#include <cstddef>
#include <string_view>

namespace chorus::store {

// About as many bytes as LZ4 makes of these, which is how the columns of packed days are
// compressed. Cheap enough to compare forms of the same values by.
std::size_t compressed_size(std::string_view bytes);

}  // namespace chorus::store
