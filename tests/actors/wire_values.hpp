// Every type that crosses the wire, filled with random contents (field_values.hpp).
#pragma once

#include "field_values.hpp"
#include "wire/wire.hpp"

namespace pmmc::test {

struct dice : value_dice<caf::actor> {
  using value_dice::fill;

  /// Of all kinds that there are.
  void fill(mail& x) {
    const auto kind = random.below(wire::kind_names.size());
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == kind ? fill(x.what.emplace<message>().emplace<I>()) : void()), ...);
    }
    (std::make_index_sequence<wire::message_kinds>{});
    if (kind == wire::message_kinds)
      fill(x.what.emplace<client_requests>());
    else if (kind > wire::message_kinds)
      fill(x.what.emplace<client_replies>());
    if (wire::open(x.what, []<class What>(const What&) { return wire::is_client_word<What>; }))
      fill(x); // it comes in a group
  }
};

inline bool same(const mail& a, const mail& b) {
  return wire::open(a.what, [&]<class What>(const What& sent) {
    return wire::open(b.what, [&]<class Other>(const Other& received) {
      if constexpr (std::same_as<What, Other>)
        return test::same(sent, received);
      else
        return false;
    });
  });
}

} // namespace pmmc::test
