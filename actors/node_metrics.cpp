// What a node tells the HTTP port of its process.
#include "node_actor.hpp"

namespace pmmc {

node_metrics node::metrics() const {
  node_metrics m;
  m.known = settings_.known;
  m.clock = clocks_.status(settings_.clocks());
  for (const auto& [key, link] : links_)
    m.clients += link.announced && link.address.empty();
  for (const auto& address : settings_.known.addresses()) {
    const auto link = links_.find(address);
    const bool up = link != links_.end() && link->second.announced;
    if (up)
      m.connected.emplace(address, link->second.remote);
    const auto dials_us = addresses_to_dial(settings_.known, address);
    if (link != links_.end())
      m.peers.push_back({address, up, up ? "" : link->second.trouble.why()});
    else if (dials_us.contains(settings_.address))
      m.peers.push_back({address, false,
                         "it has not connected with this process: it does not run, or is cut off"});
  }
  return m;
}

} // namespace pmmc
