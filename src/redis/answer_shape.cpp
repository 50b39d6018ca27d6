#include "redis/answer_shape.hpp"

#include "kv/reply.hpp"

namespace pmmc::redis {

namespace {

/// Reads over what answers SCAN: an error, or the last key looked at and the keys found.
bool skip_page(pmmc::byte_reader& in) {
  const auto head = kv::next_reply(in);
  if (!head || head->kind == kv::reply_kind::error)
    return head.has_value();
  const auto last = kv::next_reply(in);
  auto keys = in;
  const auto found = kv::next_reply(keys);
  return head->kind == kv::reply_kind::array && head->items == 2 && last &&
         (last->kind == kv::reply_kind::nil || last->kind == kv::reply_kind::bulk) && found &&
         found->kind == kv::reply_kind::array && kv::skip_reply(in);
}

} // namespace

bool has_replies_to(const bundle& b, pmmc::byte_reader in) {
  for (const auto& i : b.items)
    if ((i.kind == item_kind::call && !kv::skip_reply(in)) ||
        (i.kind == item_kind::scan && !skip_page(in)))
      return false;
  return in.at_end();
}

} // namespace pmmc::redis
