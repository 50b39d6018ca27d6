#include "membership/dialling.hpp"

#include <algorithm>

namespace pmmc {

std::set<std::string> addresses_to_dial(const membership& known, const std::string& own,
                                        const std::set<std::string>& missed) {
  const auto holds_more_than_acceptor = [&](const std::string& address) {
    const auto at = [&](const member& m) { return m.address == address; };
    for (const auto* config : known.live())
      for (const auto kind : {role_kind::leader, role_kind::replica, role_kind::server})
        if (std::any_of(config->members(kind).begin(), config->members(kind).end(), at))
          return true;
    return false;
  };
  auto addresses = known.addresses();
  if (addresses.erase(own) == 0)
    return addresses;
  const bool acceptor_only = !holds_more_than_acceptor(own);
  std::erase_if(addresses, [&](const std::string& address) {
    return (address < own && !missed.contains(address)) ||
           (acceptor_only && !holds_more_than_acceptor(address));
  });
  return addresses;
}

std::set<std::string> replica_addresses(const membership& known) {
  std::set<std::string> addresses;
  for (const auto& r : known.configurations.latest().state_holders())
    addresses.insert(r.address);
  return addresses;
}

} // namespace pmmc
