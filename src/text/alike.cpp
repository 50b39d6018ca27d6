#include "text/alike.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace pmmc::text {

std::size_t typing_distance(std::string_view a, std::string_view b) {
  // A row for each prefix of a: the distances to all prefixes of b.
  std::vector<std::size_t> before_last, last, row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = std::exchange(last, std::exchange(row, std::vector<std::size_t>(b.size() + 1)));
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string_view most_alike(std::string_view typed, std::span<const std::string_view> words) {
  std::size_t nearest = typed.size() > 3 ? 3 : 2; // what is as far is not alike
  std::string_view found;
  for (const auto word : words)
    if (const auto distance = typing_distance(typed, word); distance < nearest) {
      nearest = distance;
      found = word;
    }
  return found;
}

} // namespace pmmc::text
