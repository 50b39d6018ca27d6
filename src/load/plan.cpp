#include "load/plan.hpp"

#include <cstdio>

namespace pmmc::load {

namespace {

constexpr std::size_t spare_bytes = 64 << 10;

std::string key_of(std::uint64_t number) {
  char text[32];
  const int length =
      std::snprintf(text, sizeof text, "k%015llu", static_cast<unsigned long long>(number));
  return {text, static_cast<std::size_t>(length)};
}

} // namespace

operation_source::operation_source(const plan& p, std::size_t number, std::size_t sources)
    : plan_(p), sources_(sources), next_preload_(p.preload ? number : p.keys),
      random_(p.seed * 1'000'003 + number) {
  bytes_.reserve(p.value_bytes + spare_bytes);
  while (bytes_.size() < p.value_bytes + spare_bytes)
    bytes_ += static_cast<char>(random_.next());
}

std::string operation_source::value() {
  return bytes_.substr(random_.below(spare_bytes), plan_.value_bytes);
}

operation operation_source::next() {
  if (next_preload_ < plan_.keys) {
    const auto key = next_preload_;
    next_preload_ += sources_;
    return {operation_kind::put, true, key_of(key), value()};
  }
  const auto key = key_of(random_.below(plan_.keys));
  constexpr std::uint64_t parts = 1'000'000;
  if (static_cast<double>(random_.below(parts)) < plan_.get_share * parts)
    return {operation_kind::get, false, key, {}};
  return {operation_kind::put, false, key, value()};
}

} // namespace pmmc::load
