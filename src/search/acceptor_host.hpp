// What acceptors add to the one host: they hear of configurations, and crash whenever they may.
#pragma once

#include "search/role_host.hpp"
#include "search/scope.hpp"

#include <vector>

namespace pmmc::search {

class acceptor_host final : public role_host<acceptor_process> {
public:
  explicit acceptor_host(const scope& s);

  acceptor_process first(unsigned number) const { return {number, make(number, {}), {}}; }

private:
  acceptor make(unsigned number, acceptor_state recovered) const;

  void restart(running& s) const override;
  bool choose(running& s, const input& in) const override;

  std::vector<configuration> configs_;
  bool pages_;
};

} // namespace pmmc::search
