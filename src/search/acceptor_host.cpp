#include "search/acceptor_host.hpp"

#include "search/role_names.hpp"

#include <utility>

namespace pmmc::search {

acceptor_host::acceptor_host(const scope& s) : configs_(configurations_of(s)), pages_(s.pages) {}

/// Who has crashed may have to be told again of a new configuration.
acceptor acceptor_host::make(unsigned number, acceptor_state recovered) const {
  acceptor::settings options{.id = id_of(role_kind::acceptor, number)};
  if (pages_)
    options.page_bytes = 1;
  return acceptor{options, std::move(recovered), config_history{configs_[0]}};
}

void acceptor_host::restart(running& s) const { s.now.core = make(s.now.number, s.now.disk); }

bool acceptor_host::choose(running& s, const input& in) const {
  const auto* news = std::get_if<hear_of>(&in);
  if (news != nullptr)
    s.now.core.learn(known_up_to(configs_, news->latest));
  return news != nullptr;
}

} // namespace pmmc::search
