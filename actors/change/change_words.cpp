#include "change/change_words.hpp"

#include "change/change_error.hpp"
#include "config/address.hpp"
#include "config/cluster_file.hpp"
#include "redis/command_table.hpp"

#include <set>

namespace pmmc {

namespace {

[[noreturn]] void bad_words(const std::string& text) {
  throw change_error{change_failure::bad_words, text};
}

[[noreturn]] void bad_word(const std::string& word, const char* form) {
  bad_words("\"" + word + "\" is not " + form);
}

role_kind parse_kind(const std::string& word, const char* form) {
  if (const auto kind = to_member_kind(std::string_view{word}.substr(0, word.find(':'))))
    return *kind;
  bad_word(word, form);
}

reconfiguration::addition parse_addition(const std::string& word) {
  constexpr auto form = "ROLE:ID=HOST:PORT, such as acceptor:a4=127.0.0.1:7104 or "
                        "server:s4=127.0.0.1:7604";
  const auto kind = parse_kind(word, form);
  const auto colon = word.find(':');
  const auto equals = word.find('=', colon);
  if (equals == std::string::npos)
    bad_word(word, form);
  const auto id = word.substr(colon + 1, equals - colon - 1);
  std::string error;
  const auto where = config::parse_address(word.substr(equals + 1), error);
  if (!config::is_valid_id(id) || !where || config::is_wildcard(where->host))
    bad_word(word, form);
  return {kind, {role_id{id}, config::to_string(*where)}};
}

reconfiguration::removal parse_removal(const std::string& word) {
  constexpr auto form = "ROLE:ID, such as acceptor:a1 or server:s1";
  const auto kind = parse_kind(word, form);
  const auto id = word.substr(word.find(':') + 1);
  if (!config::is_valid_id(id))
    bad_word(word, form);
  return {kind, role_id{id}};
}

} // namespace

reconfiguration parse_change(const std::vector<std::string>& add,
                             const std::vector<std::string>& remove,
                             const std::string& how_to_name) {
  if (add.size() > max_changes || remove.size() > max_changes) // before anybody is asked
    bad_words("one change adds at most " + std::to_string(max_changes) +
              " members, and removes as many");
  reconfiguration change;
  std::set<role_id> added, removed;
  for (const auto& word : add)
    if (change.add.push_back(parse_addition(word)); !added.insert(change.add.back().who.id).second)
      bad_words(change.add.back().who.id.str() + " is added twice");
  for (const auto& word : remove)
    if (change.remove.push_back(parse_removal(word));
        !removed.insert(change.remove.back().id).second)
      bad_words(change.remove.back().id.str() + " is removed twice");
  if (change.add.empty() && change.remove.empty())
    bad_words("what is to change? " + how_to_name);
  return change;
}

redis_change parse_redis_change(const std::vector<std::string>& words) {
  const std::string syntax =
      "PMMC RECONFIG ADD ROLE:ID=HOST:PORT... REMOVE ROLE:ID... [DRYRUN], with as many ADD and "
      "REMOVE as needed";
  redis_change result;
  std::vector<std::string> add, remove;
  std::vector<std::string>* list = nullptr; // that the last keyword began
  bool has_word = true;                     // whether a word followed that
  for (const auto& word : words) {
    const bool adds = redis::equals_ignoring_case(word, "add");
    const bool removes = redis::equals_ignoring_case(word, "remove");
    const bool dry_run = redis::equals_ignoring_case(word, "dryrun");
    if (adds || removes || dry_run) {
      if (!has_word)
        break;
      list = adds ? &add : removes ? &remove : nullptr;
      has_word = dry_run;
      result.dry_run |= dry_run;
    } else if (list != nullptr) {
      list->push_back(word);
      has_word = true;
    } else {
      bad_words("\"" + word + "\" is out of place: " + syntax);
    }
  }
  if (!has_word)
    bad_words("ADD and REMOVE name a role each: " + syntax);
  result.change = parse_change(add, remove, "Name it with " + syntax);
  return result;
}

} // namespace pmmc
