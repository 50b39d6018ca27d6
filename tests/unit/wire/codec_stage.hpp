// Messages of every kind, at random, and their bytes.
#pragma once

#include "field_values.hpp"
#include "wire/message_codec.hpp"

#include <doctest/doctest.h>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace pmmc::test {

struct nothing {};

struct codec_stage {
  value_dice<nothing> lots{random_source{20'150'217}, {}};

  template <class M>
  M draw() {
    M m;
    lots.fill(m);
    return m;
  }

  /// A message or a group of each kind, many times.
  template <class Check>
  void for_every_kind(int times, const Check& check) {
    const auto some = [&]<class M>(std::type_identity<M>) {
      INFO("kind " << int{wire::kind_of<M>});
      for (int i = 0; i < times; ++i)
        check(draw<M>());
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (some(std::type_identity<std::variant_alternative_t<I, message>>{}), ...);
    }
    (std::make_index_sequence<wire::message_kinds>{});
    some(std::type_identity<client_requests>{});
    some(std::type_identity<client_replies>{});
  }
};

/// Something of each sort that processes say of themselves, many times.
template <class Check>
void for_every_sort(codec_stage& stage, int times, const Check& check) {
  for (int i = 0; i < times; ++i) {
    check(stage.draw<introduction>());
    check(stage.draw<introduction_reply>());
    check(stage.draw<heartbeat>());
    check(stage.draw<disk_refused>());
  }
}

template <class M>
std::string bytes_of(const M& m) {
  std::string bytes;
  wire::encode(bytes, m);
  return bytes;
}

} // namespace pmmc::test
