#include "membership/disk_refusals.hpp"

#include <utility>

namespace pmmc {

void disk_refusals::introduced(const role_id& peer, const std::string& process) {
  processes_[peer] = process;
  std::erase_if(early_, [&](early& e) {
    if (e.said.by != peer)
      return false;
    if (e.from == process)
      counted_.push_back(std::move(e.said));
    return true;
  });
}

void disk_refusals::hear(disk_refused m, const std::string& process) {
  const auto known = processes_.find(m.by);
  if (known != processes_.end() && known->second == process) {
    counted_.push_back(std::move(m));
    return;
  }
  if (early_.size() == most_early)
    early_.pop_front();
  early_.push_back({std::move(m), process});
}

std::vector<disk_refused> disk_refusals::take() { return std::exchange(counted_, {}); }

} // namespace pmmc
