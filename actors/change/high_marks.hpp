// Whether numbers that only ever grow have done so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace pmmc {

/// The highest that was seen of each number. Who falls back, or is away for a while, and then comes
/// to where it was before, has not grown.
class high_marks {
public:
  /// Whether any of `now`, all numbers of `who`, is higher than ever before. Zero never is.
  bool grow(const std::string& who, const std::vector<std::uint64_t>& now) {
    auto& marks = marks_[who];
    marks.resize(now.size());
    bool grown = false;
    for (std::size_t i = 0; i < now.size(); ++i)
      if (now[i] > marks[i]) {
        marks[i] = now[i];
        grown = true;
      }
    return grown;
  }

private:
  std::map<std::string, std::vector<std::uint64_t>> marks_;
};

} // namespace pmmc
