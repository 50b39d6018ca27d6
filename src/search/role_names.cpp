#include "search/role_names.hpp"

#include <string>

namespace pmmc::search {

role_id id_of(role_kind kind, unsigned number) {
  return to_string(kind).front() + std::to_string(number + 1);
}

} // namespace pmmc::search
