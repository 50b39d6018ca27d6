#include "redis/pending_transaction.hpp"

#include "redis/command_table.hpp"

#include <algorithm>
#include <utility>

namespace pmmc::redis {

namespace {

constexpr std::size_t watched_node_bytes = 96; ///< of watched_keys, about

} // namespace

std::string_view pending_transaction::why_full(std::size_t cost) const {
  if (queued_.bytes() + cost > limits_.max_transaction_bytes)
    return "ERR a transaction has at most 1 MiB";
  return memory_.has_room_for(cost) ? std::string_view{} : busy;
}

void pending_transaction::queue(request&& r) {
  queued_.take(r.cost());
  commands_.push_back(std::move(r));
}

bool pending_transaction::needs_store_throughout() const {
  return std::all_of(commands_.begin(), commands_.end(),
                     [](const request& r) { return find_command(r[0])->of == group::keys; });
}

bool pending_transaction::has_room_to_watch(const request& r) const {
  std::size_t bytes = 0;
  for (std::size_t word = 1; word < r.size(); ++word)
    bytes += watched_.contains(r[word]) ? 0 : r[word].size() + watched_node_bytes;
  return memory_.has_room_for(bytes);
}

void pending_transaction::watch(std::string_view key, std::uint64_t version) {
  if (watched_.emplace(key, version).second)
    watching_.take(key.size() + watched_node_bytes);
}

void pending_transaction::forget() {
  queued_.give_back();
  commands_.clear();
  open_ = false;
  failed_ = false;
  forget_watched();
}

void pending_transaction::forget_watched() {
  watching_.give_back();
  watched_.clear();
  watch_refused_ = false;
}

pending_transaction::taken pending_transaction::take() {
  taken all{std::exchange(commands_, {}), std::exchange(watched_, {}), std::move(queued_)};
  all.memory.take_over(watching_);
  forget();
  return all;
}

} // namespace pmmc::redis
