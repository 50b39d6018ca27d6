#include "consensus/raft/read_index_rounds.hpp"

#include <utility>

namespace pmmc::raft {

void read_index_rounds::begin(std::uint64_t number, slot_num index) {
  under_way_ = round{number, index, std::exchange(waiting_, {})};
}

read_index_rounds::round read_index_rounds::end() {
  auto ended = std::move(*under_way_);
  under_way_.reset();
  return ended;
}

void read_index_rounds::clear() {
  waiting_.clear();
  under_way_.reset();
}

} // namespace pmmc::raft
