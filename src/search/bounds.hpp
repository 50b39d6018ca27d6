// Scopes as people write them, "NAME" or "NAME,KEY=NUMBER,…": the same for each engine's search.
#pragma once

#include "base/invariant.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pmmc::search {

/// What a key bounds (one of the two members), and what it may be. The highest values are what the
/// search can tell apart.
template <class Scope>
struct bound {
  std::string_view key;
  unsigned least = 0;
  unsigned most = 1;
  unsigned Scope::*number = nullptr;
  bool Scope::*flag = nullptr;
};

/// A scope that has a name: what bounds it, where that is not as a `Scope` says.
struct named_bounds {
  std::string_view name;
  std::string_view what;
  std::string_view bounds;
};

/// The scopes of an engine. Immutable.
template <class Scope>
class scope_list {
public:
  using bounds = std::span<const bound<Scope>>;
  /// Says what is wrong with bounds that are right one by one, or "".
  using contradiction = std::string (*)(const Scope&);

  /// `example`: "slots=2", say. What is given stays there.
  scope_list(bounds all, std::span<const named_bounds> names, std::string_view example,
             contradiction check = nullptr)
      : bounds_(all), example_(example), check_(check) {
    for (const auto& named : names) {
      Scope s{.name = std::string{named.name}, .what = std::string{named.what}};
      std::string error;
      PMMC_INVARIANT(set_bounds(s, named.bounds, error), error.c_str());
      scopes_.push_back(std::move(s));
    }
  }

  const std::vector<Scope>& all() const { return scopes_; }

  /// A named scope, and what differs from it. On a mistake nothing, and `error` says what would be
  /// right.
  std::optional<Scope> parse(std::string_view text, std::string& error) const {
    const auto name = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), name.size() + 1));
    for (auto s : scopes_) {
      if (s.name != name)
        continue;
      if (!set_bounds(s, text, error))
        return std::nullopt;
      return s;
    }
    error = "there is no scope \"" + std::string{name} + "\"; there are " + all_names() +
            "; `pmmc check --exhaustive list` names those of all engines";
    return std::nullopt;
  }

  /// What bounds `s`, in the form that parse() reads.
  std::string bounds_of(const Scope& s) const {
    std::string text;
    for (const auto& b : bounds_)
      text += (text.empty() ? "" : ",") + std::string{b.key} + "=" +
              std::to_string(b.flag != nullptr ? unsigned{s.*(b.flag)} : s.*(b.number));
    return text;
  }

private:
  bool set_bound(Scope& s, std::string_view key, unsigned value) const {
    const auto b = std::find_if(bounds_.begin(), bounds_.end(),
                                [&](const auto& known) { return known.key == key; });
    if (b == bounds_.end() || value < b->least || value > b->most)
      return false;
    if (b->flag != nullptr)
      s.*(b->flag) = value != 0;
    else
      s.*(b->number) = value;
    return true;
  }

  bool set_bounds(Scope& s, std::string_view text, std::string& error) const {
    while (!text.empty()) {
      const auto item = text.substr(0, text.find(','));
      text.remove_prefix(std::min(text.size(), item.size() + 1));
      const auto equals = std::min(item.find('='), item.size() - 1);
      unsigned value = 0;
      const auto* const end = item.data() + item.size();
      const auto [rest, problem] = std::from_chars(item.data() + equals + 1, end, value);
      if (problem != std::errc{} || rest != end || !set_bound(s, item.substr(0, equals), value)) {
        error = "\"" + std::string{item} + "\" bounds nothing; write e.g. " +
                std::string{example_} + ", out of " + all_keys();
        return false;
      }
    }
    if (check_ != nullptr)
      error = check_(s);
    return check_ == nullptr || error.empty();
  }

  std::string all_keys() const {
    std::string text;
    for (const auto& b : bounds_)
      text += (text.empty() ? "" : ", ") + std::string{b.key} + " (" + std::to_string(b.least) +
              " to " + std::to_string(b.most) + ")";
    return text;
  }

  std::string all_names() const {
    std::string names;
    for (const auto& s : scopes_)
      names += (names.empty() ? "" : ", ") + s.name;
    return names;
  }

  bounds bounds_;
  std::string_view example_;
  contradiction check_;
  std::vector<Scope> scopes_;
};

} // namespace pmmc::search
