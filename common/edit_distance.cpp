#include "common/edit_distance.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "common/text.h"

namespace chorus {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    const auto one = to_lower(a), other = to_lower(b);
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= one.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= other.size(); ++j) {
            const std::size_t change = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
        }
    }
    return row.back();
}

}  // namespace chorus
