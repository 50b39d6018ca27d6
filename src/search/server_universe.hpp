// Every message, state of a single server, and history that a search meets, each once, under a
// number; and the steps that lead from one to the other, each run when it is first needed and
// remembered: the core is deterministic. As universe.hpp, for engines whose processes are all
// servers.
#pragma once

#include "base/types.hpp"
#include "search/part_host.hpp"
#include "search/part_table.hpp"
#include "search/server_names.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>
#include <xxhash.h>

namespace pmmc::search {

template <class Kind>
struct server_step_key {
  static constexpr unsigned survives = 255;

  part_id before = 0;
  Kind kind{};
  unsigned cut = survives; ///< or the records that are written before the server crashes
  part_id argument = 0;    ///< the message, or whatever else the input is of

  friend bool operator==(const server_step_key&, const server_step_key&) = default;
};

struct server_step_key_hash {
  template <class Kind>
  std::size_t operator()(const server_step_key<Kind>& k) const {
    auto x = (std::uint64_t{k.before} << 32 | k.argument) ^ (std::uint64_t(k.kind) << 58) ^
             (std::uint64_t{k.cut} << 50);
    x *= 0x9E3779B97F4A7C15ULL;
    return x ^ x >> 29;
  }
};

struct server_step_result {
  part_id after = no_part;
  bool changes_nothing = true;
  unsigned cuts = 0;         ///< it can be survived by 0, …, cuts - 1 of its records
  unsigned first_cut = 0;    ///< below that nothing of the step is left
  std::vector<part_id> sent; ///< sorted
  std::string fault;         ///< what is wrong with this step, or ""
};

/// What a history takes in.
struct history_news {
  std::string fault;         ///< an invariant that is broken by it, or ""
  slot_num decided_from = 0; ///< slots from here on were decided now; 0: none
};

/// What became of a history when a server had changed.
struct history_result {
  part_id after = no_part;
  history_news news;
};

/// Engine names the types (`scope`, `driver`, `process`, `fact`, `history`, `envelope`, `input`,
/// `input_kind`, `writer`), and has these functions: fact_of(process) says what the checks see of a
/// server, take_in(history, fact) and forget(history, mask) change what is remembered of earlier
/// states, broken_invariant(process, outcome) judges a step. A function put(writer, part) stands
/// beside each kind of part that its writer does not know. Thread-safe.
template <class Engine>
class server_universe {
public:
  using step_key = server_step_key<typename Engine::input_kind>;

  struct message_part {
    typename Engine::envelope message;
    unsigned to = 0; ///< the server's number
    server_hashes hashes{};
  };
  struct server_part {
    typename Engine::process contents;
    typename Engine::fact fact;
    server_hashes hashes{};
  };
  struct history_part {
    typename Engine::history contents;
    server_hashes hashes{};
  };

  server_universe(const typename Engine::scope& s, std::vector<renaming> renamings)
      : driver_(s), renamings_(std::move(renamings)) {
    for (auto& p : driver_.first_processes())
      first_servers_.push_back(intern(std::move(p)));
    intern_history({});
  }
  server_universe(const server_universe&) = delete;
  server_universe& operator=(const server_universe&) = delete;
  virtual ~server_universe() = default;

  const std::vector<part_id>& first_servers() const { return first_servers_; }
  part_id first_history() const { return 0; }
  /// The results stay where they are for as long as the universe does.
  const server_step_result& step(const step_key& key) {
    const std::lock_guard lock{mutex_};
    if (const auto known = steps_.find(key); known != steps_.end())
      return known->second;
    auto result = run(key);
    return steps_.emplace(key, std::move(result)).first->second;
  }
  const history_result& take_in(part_id history, part_id server) {
    const std::lock_guard lock{mutex_};
    const auto [at, is_new] =
        history_steps_.try_emplace(std::uint64_t{history} << 32 | server, history_result{});
    auto& result = at->second;
    if (is_new) {
      auto contents = histories_[history].contents;
      const typename Engine::fact& now = servers_[server].fact;
      result.news = Engine::take_in(contents, now);
      result.after = intern_history(contents);
    }
    return result;
  }
  /// Without what no check needs any more.
  part_id forget(part_id history, std::uint32_t mask) {
    const std::lock_guard lock{mutex_};
    auto contents = histories_[history].contents;
    Engine::forget(contents, mask);
    return intern_history(contents);
  }

  const message_part& message(part_id id) const { return messages_[id]; }
  const server_part& server(part_id id) const { return servers_[id]; }
  const history_part& past(part_id id) const { return histories_[id]; }
  /// How many renamings there are; the first one changes nothing.
  unsigned renamings() const { return static_cast<unsigned>(renamings_.size()); }

  // When no search is running:
  std::size_t messages() const { return messages_.size(); }
  std::size_t server_states() const { return servers_.size(); }
  std::size_t steps() const { return steps_.size(); }

protected:
  // Different seeds for the kinds of parts, so that they never cancel out.
  static constexpr std::uint64_t message_seed = 1;
  static constexpr std::uint64_t server_seed = 2;
  static constexpr std::uint64_t history_seed = 3;

  virtual typename Engine::input input_of(const step_key& key) const = 0;

  template <class Part>
  static std::string bytes_of(const Part& part, const renaming& names) {
    std::string bytes;
    typename Engine::writer writer{bytes, names};
    if constexpr (requires { writer.put(part); })
      writer.put(part);
    else
      put(writer, part);
    return bytes;
  }

  std::mutex mutex_;

private:
  template <class Part>
  server_hashes hashes_of(const Part& part, std::uint64_t seed) const {
    server_hashes hashes{};
    for (unsigned r = 0; r < renamings_.size(); ++r) {
      const auto bytes = bytes_of(part, renamings_[r]);
      hashes[r] = XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
    }
    return hashes;
  }

  part_id intern(const typename Engine::envelope& e) {
    return messages_.intern(bytes_of(e, no_renaming), [&] {
      return message_part{e, number_of(e.to), hashes_of(e, message_seed)};
    });
  }
  part_id intern(typename Engine::process p) {
    return servers_.intern(bytes_of(p, no_renaming), [&] {
      auto fact = Engine::fact_of(p);
      const auto hashes = hashes_of(p, server_seed);
      return server_part{std::move(p), std::move(fact), hashes};
    });
  }
  part_id intern_history(const typename Engine::history& h) {
    return histories_.intern(bytes_of(h, no_renaming), [&] {
      return history_part{h, hashes_of(h, history_seed)};
    });
  }

  server_step_result run(const step_key& key) {
    const auto& before = servers_[key.before].contents;
    const auto survives = key.cut == step_key::survives ? cut{} : cut{key.cut};
    auto out = driver_.step(before, input_of(key), survives);
    server_step_result result;
    result.fault = std::move(out.fault);
    if (!out.happened)
      return result;
    result.changes_nothing = false;
    if (result.fault.empty())
      result.fault = Engine::broken_invariant(before, out);
    if (!result.fault.empty())
      return result;
    for (const auto& e : out.sent)
      result.sent.push_back(intern(e));
    std::sort(result.sent.begin(), result.sent.end());
    result.sent.erase(std::unique(result.sent.begin(), result.sent.end()), result.sent.end());
    result.after = intern(std::move(out.after));
    result.fault = servers_[result.after].fact.broken;
    result.changes_nothing =
        result.after == key.before && result.sent.empty() && result.fault.empty();
    if (driver_.may_be_cut() && !survives) {
      result.cuts = out.records;
      result.first_cut = out.acts_early ? 0 : 1;
    }
    return result;
  }

  typename Engine::driver driver_;
  std::vector<renaming> renamings_;
  part_table<message_part> messages_;
  part_table<server_part> servers_;
  part_table<history_part> histories_;
  std::unordered_map<step_key, server_step_result, server_step_key_hash> steps_;
  std::unordered_map<std::uint64_t, history_result> history_steps_;
  std::vector<part_id> first_servers_;
};

} // namespace pmmc::search
