// What all of PMMC's roles add to the one host.
#pragma once

#include "search/encoding.hpp"
#include "search/part_host.hpp"
#include "search/process.hpp"

#include <vector>

namespace pmmc::search {

template <class Process>
class role_host : public part_host<Process, input, step_outcome> {
protected:
  std::vector<envelope> modelled(std::vector<envelope> sends) const override {
    std::erase_if(sends, [](const envelope& e) { return !is_modelled(e.body); });
    return sends;
  }
};

} // namespace pmmc::search
