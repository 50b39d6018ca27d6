// The ids of roles in a search: a letter for the kind, and a digit, which counts from 1.
#pragma once

#include "base/role_kind.hpp"
#include "base/types.hpp"

namespace pmmc::search {

/// "a1" is acceptor 0, "l1" leader 0, "r1" replica 0, "s1" server 0.
role_id id_of(role_kind kind, unsigned number);

/// 0 for no id, as a core with a mistake may name.
inline unsigned number_of(const role_id& id) {
  return id.view().empty() ? 0 : static_cast<unsigned>(id.view().back() - '1');
}

} // namespace pmmc::search
