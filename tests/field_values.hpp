// Values of any aggregate, seen as a list of its fields without naming them: to fill it with random
// contents and to compare it. A field that whoever writes and reads it forgets is so noticed.
#pragma once

#include "base/random.hpp"
#include "membership/introduction.hpp"
#include "wire/parcel.hpp"

#include <concepts>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace pmmc::test {

/// Something that any field can be initialised with, as far as overload resolution looks.
struct anything {
  template <class T>
  operator T() const;
};

template <class T, class... Fields>
constexpr std::size_t count_fields() {
  if constexpr (requires { T{Fields{}..., anything{}}; })
    return count_fields<T, Fields..., anything>();
  else
    return sizeof...(Fields);
}

/// References to the fields of an aggregate.
template <class T>
auto fields_of(T& x) {
  constexpr auto count = count_fields<std::remove_const_t<T>>();
  static_assert(count >= 1 && count <= 18);
  if constexpr (count == 1) {
    auto& [a] = x;
    return std::tie(a);
  } else if constexpr (count == 2) {
    auto& [a, b] = x;
    return std::tie(a, b);
  } else if constexpr (count == 3) {
    auto& [a, b, c] = x;
    return std::tie(a, b, c);
  } else if constexpr (count == 4) {
    auto& [a, b, c, d] = x;
    return std::tie(a, b, c, d);
  } else if constexpr (count == 5) {
    auto& [a, b, c, d, e] = x;
    return std::tie(a, b, c, d, e);
  } else if constexpr (count == 6) {
    auto& [a, b, c, d, e, f] = x;
    return std::tie(a, b, c, d, e, f);
  } else if constexpr (count == 7) {
    auto& [a, b, c, d, e, f, g] = x;
    return std::tie(a, b, c, d, e, f, g);
  } else if constexpr (count == 8) {
    auto& [a, b, c, d, e, f, g, h] = x;
    return std::tie(a, b, c, d, e, f, g, h);
  } else if constexpr (count == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = x;
    return std::tie(a, b, c, d, e, f, g, h, i);
  } else if constexpr (count == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (count == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (count == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l);
  } else if constexpr (count == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m);
  } else if constexpr (count == 14) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
  } else if constexpr (count == 15) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
  } else if constexpr (count == 16) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
  } else if constexpr (count == 17) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
  } else {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = x;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);
  }
}

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_shared = false;
template <class T>
inline constexpr bool is_shared<std::shared_ptr<const T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class K, class V>
inline constexpr bool is_map<std::map<K, V>> = true;

inline std::string random_bytes(random_source& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (auto& b : bytes)
    b = static_cast<char>(random.next());
  return bytes;
}

/// What `filler` makes of it.
template <class T, class Filler>
std::shared_ptr<const T> filled(Filler& filler) {
  const auto made = std::make_shared<T>();
  filler.fill(*made);
  return made;
}

/// What the random values are made of. `Handle`: what cannot be made, but only chosen from some.
template <class Handle>
struct value_dice {
  random_source random;
  std::vector<Handle> handles = {};

  template <class T>
  void fill(T& x) {
    if constexpr (std::same_as<T, arrival>) {
      // a driver's own note, which does not travel
    } else if constexpr (std::same_as<T, bool>) {
      x = random.below(2) == 1;
    } else if constexpr (std::same_as<T, request_kind>) {
      x = static_cast<T>(1 + random.below(6));
    } else if constexpr (std::same_as<T, reply_status>) {
      x = static_cast<T>(random.below(7));
    } else if constexpr (std::is_enum_v<T>) {
      x = static_cast<T>(1 + random.below(3));
    } else if constexpr (std::is_arithmetic_v<T>) {
      x = static_cast<T>(random.next() >> random.below(64)); // of all magnitudes
    } else if constexpr (std::same_as<T, std::string> || std::same_as<T, shared_bytes>) {
      x = random_bytes(random, random.below(200));
    } else if constexpr (std::same_as<T, role_id>) {
      x = role_id{random_bytes(random, random.below(role_id::max_size + 1))};
    } else if constexpr (std::same_as<T, command>) {
      x = command{random_bytes(random, random.below(200))};
    } else if constexpr (std::same_as<T, Handle>) {
      x = handles[random.below(handles.size())];
    } else if constexpr (is_vector<T>) {
      x.resize(random.below(5));
      for (auto& element : x)
        fill(element);
    } else if constexpr (is_optional<T>) {
      if (random.below(2) == 1)
        fill(x.emplace());
    } else if constexpr (is_shared<T>) {
      if (random.below(2) == 1)
        x = filled<std::remove_const_t<typename T::element_type>>(*this);
    } else if constexpr (is_map<T>) {
      for (auto count = random.below(5); count > 0; --count) {
        typename T::key_type key;
        fill(key);
        fill(x[key]);
      }
    } else if constexpr (std::same_as<T, vitals>) {
      const vitals of_kinds[] = {acceptor_vitals{}, leader_vitals{}, replica_vitals{},
                                 server_vitals{}};
      x = of_kinds[random.below(std::size(of_kinds))];
      std::visit([this](auto& of_kind) { fill(of_kind); }, x);
    } else if constexpr (std::same_as<T, config_history>) {
      x = history();
    } else if constexpr (std::same_as<T, membership>) {
      fill(x.configurations);
      fill(x.live_from);
      fill(x.identity);
    } else {
      std::apply([this](auto&... field) { (fill(field), ...); }, fields_of(x));
      if constexpr (std::same_as<T, introduced_role>) { // as there may be one
        x.id = x.id.empty() ? "x" : x.id;
        x.lives.first = 1 + (x.lives.first >> 2);
      }
    }
  }

  /// Configurations that follow each other, with members of any bytes but for ids that are unlike
  /// each other; or none.
  config_history history() {
    config_history made;
    configuration like;
    if (random.below(4) == 0)
      like.servers.emplace_back();
    for (auto count = random.below(4); count > 0; --count) {
      configuration next;
      unsigned names = 0;
      for (const auto kind : like.kinds()) {
        fill(next.members(kind));
        next.members(kind).emplace_back();
        for (auto& m : next.members(kind)) {
          const auto name = std::to_string(names++) + " " + m.id.str();
          m.id = name.substr(0, role_id::max_size);
        }
      }
      next.version = made.empty() ? 1 : made.latest().version + 1 + random.below(3);
      next.first_slot = made.empty() ? 1 : made.latest().first_slot + 1 + random.below(300);
      made.add(std::move(next));
    }
    return made;
  }
};

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (is_vector<T>) {
    if (a.size() != b.size())
      return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (!same(a[i], b[i]))
        return false;
    return true;
  } else if constexpr (is_optional<T> || is_shared<T>) {
    return static_cast<bool>(a) == static_cast<bool>(b) && (!a || same(*a, *b));
  } else if constexpr (std::equality_comparable<T>) {
    return a == b;
  } else {
    const auto left = fields_of(a);
    const auto right = fields_of(b);
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (same(std::get<I>(left), std::get<I>(right)) && ...);
    }
    (std::make_index_sequence<std::tuple_size_v<decltype(left)>>{});
  }
}

} // namespace pmmc::test
