#include "base/engine_kind.hpp"

#include <algorithm>

namespace pmmc {

std::string_view to_string(engine_kind engine) {
  switch (engine) {
  case engine_kind::pmmc:
    return "pmmc";
  case engine_kind::raft:
    return "raft";
  case engine_kind::simple:
    break;
  }
  return "simple";
}

std::optional<engine_kind> to_engine_kind(std::string_view word) {
  const auto* found = std::find_if(all_engines.begin(), all_engines.end(),
                                   [&](engine_kind engine) { return to_string(engine) == word; });
  return found == all_engines.end() ? std::nullopt : std::optional{*found};
}

std::span<const role_kind> member_kinds_of(engine_kind engine) {
  if (engine == engine_kind::pmmc)
    return pmmc_kinds;
  return server_kinds;
}

bool has_members_of(engine_kind engine, role_kind kind) {
  const auto kinds = member_kinds_of(engine);
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

std::string member_kinds_text(engine_kind engine) {
  const auto kinds = member_kinds_of(engine);
  std::string text;
  for (std::size_t i = 0; i < kinds.size(); ++i)
    text += (i == 0                  ? ""
             : i + 1 == kinds.size() ? " and "
                                     : ", ") +
            std::string{to_string(kinds[i])} + "s";
  return text;
}

} // namespace pmmc
