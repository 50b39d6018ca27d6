#include "caf/guarded_broker.hpp"

#include "caf/freed_memory.hpp"
#include "caf/hang_up.hpp"
#include "caf/network_thread.hpp"
#include "node/file_limit.hpp"
#include "wire/wire.hpp"

#include <algorithm>

namespace pmmc {

namespace basp = caf::io::basp;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds look_around{500};
/// CAF's nodes say something twice a second. Looks are counted, not time: who did not look cannot
/// say that nothing came.
constexpr unsigned most_silent_looks = 6;

} // namespace

caf::behavior guarded_broker::make_behavior() {
  caf_ = caf::io::basp_broker::make_behavior();
  own_node_ = name_of(this_node());
  delayed_send(this, look_around, door_atom::value);
  return caf::message_handler{
      [this](caf::io::new_data_msg& m) { take_data(m); },
      [this](const caf::io::new_connection_msg& m) { accept(m); },
      [this](const caf::io::connection_closed_msg& m) { gone(m); },
      [this](const caf::io::data_transferred_msg& m) {
        count_output(m.handle,
                     [&](auto& output) { output.written(m.remaining, wr_buf(m.handle).size()); });
      },
      [this](admit_atom, const caf::node_id& node, bool is_member) { admit(node, is_member); },
      [this](dismiss_atom, const caf::node_id& node) { dismiss(node); },
      [this](door_atom) { look_around_once(); },
      [this](flush_atom) { make_room(); },
  }
      .or_else(caf_);
}

/// For an actor that a message names. CAF would keep it, and a way to its process, for ever, even
/// if there is neither.
caf::strong_actor_ptr guarded_broker::make_proxy(caf::node_id node, caf::actor_id actor) {
  if (!node && actor == caf::invalid_actor_id)
    return nullptr;
  if (heard_ != nullptr && name_of(node) == heard_->gate.name() &&
      heard_->named < max_named_by(*heard_)) {
    ++heard_->named;
    return caf::io::basp_broker::make_proxy(std::move(node), actor);
  }
  not_made_.emplace_back(std::move(node), actor);
  return nullptr;
}

/// CAF keeps what the other side does not read, however much it is.
void guarded_broker::flush(connection_handle handle) {
  caf::io::basp_broker::flush(handle);
  const auto waiting = wr_buf(handle).size();
  count_output(handle, [&](auto& output) { output.added(waiting); });
  if ((unread_bytes_ > max_client_output_bytes || waiting > max_member_output_bytes) &&
      !std::exchange(makes_room_, true))
    send<caf::message_priority::high>(this, flush_atom::value);
}

guarded_connection& guarded_broker::know(connection_handle handle, bool accepted) {
  return connections_
      .insert_or_assign(handle, guarded_connection{door::basp_gate{own_node_, accepted}})
      .first->second;
}

template <class Message>
void guarded_broker::hear_as_caf(const Message& m) {
  auto message = caf::make_message(m);
  caf_(message);
}

void guarded_broker::accept(const caf::io::new_connection_msg& m) {
  if (const auto old = connections_.find(m.handle); old != connections_.end())
    forget(old);
  auto& c = know(m.handle, true);
  c.number = ++accepted_;
  c.since = clock_type::now();
  half_open_.take(c.number, remote_addr(m.handle));
  ack_writes(m.handle, true);
  by_number_.emplace(c.number, m.handle);
  hear_as_caf(m); // says who we are
  if (half_open_.size() > own_file_budget().half_open)
    refuse(by_number_.at(half_open_.first_to_go()),
           "newer ones take its place, and it has not said hello");
}

void guarded_broker::take_data(caf::io::new_data_msg& m) {
  const auto known = connections_.find(m.handle);
  if (known == connections_.end() && !ctx.contains(m.handle))
    return; // it was dropped; of those that were dialled, CAF knows
  auto& c = known != connections_.end() ? known->second : know(m.handle, false);
  set_context(m.handle);
  auto& state = *this_context;
  const bool payload = state.cstate == basp::await_payload;
  if (c.in_pieces && !collect(c, m, state.hdr.payload_len))
    return;
  auto why = judge(c, m, payload);
  if (why.empty() && payload)
    why = take_name(c, m.handle);
  if (!why.empty())
    return refuse(m.handle, why);
  if (c.named > max_named_by(c) / 2) // or fewer: some have ended meanwhile
    c.named = proxies().count_proxies(instance.tbl().lookup_direct(m.handle));
  heard_ = &c;
  const auto next = c.is_spare && payload ? basp::await_header
                                          : instance.handle(context(), m, state.hdr, payload);
  heard_ = nullptr;
  if (!not_made_.empty()) {
    for (const auto& [node, actor] : std::exchange(not_made_, {}))
      proxies().erase(node, actor);
    return refuse(m.handle, "it names actors that are not its own, or too many");
  }
  if (basp::requires_shutdown(next))
    return drop(m.handle, basp::to_sec(next));
  if (std::exchange(c.in_pieces, false) || m.buf.capacity() > kept_buffer_bytes)
    release(m.buf);
  if (next == state.cstate)
    return;
  state.cstate = next;
  read_next(c, m.handle, next == basp::await_payload ? state.hdr.payload_len : 0);
}

/// To CAF, connections with the same name are of one process, and it chooses where it sends what
/// is for that. So a name has one connection. Who dials says its name again when it chooses the
/// connection; until then another one with its name may be its own, at another address. Then it
/// gets the name, unless a member has it that is heard. Why it does not, or nothing.
std::string guarded_broker::take_name(guarded_connection& c, connection_handle handle) {
  const bool accepted = c.number != 0;
  if (c.header.op != door::operation::client_handshake &&
      c.header.op != door::operation::server_handshake)
    return c.is_spare ? "a message over a connection that it has not chosen" : "";
  const auto place = holders_.emplace(c.gate.name(), handle).first;
  c.is_spare = accepted && place->second != handle && c.header.flags == 0;
  if (place->second == handle || c.is_spare)
    return {};
  if (is_heard_member(place->second)) // CAF finds that we dialled it once more than needed
    return accepted ? "another connection is that of the process with its name" : "";
  refuse(std::exchange(place->second, handle), "a newer one is of the process with its name");
  return {};
}

bool guarded_broker::is_heard_member(connection_handle handle) {
  const auto its = ctx.find(handle); // CAF has given it up if there is none
  return its != ctx.end() && connections_.at(handle).gate.who() == door::speaker::member &&
         clock().now() - its->second.last_seen <= member_silence;
}

std::size_t guarded_broker::max_named_by(const guarded_connection& c) {
  return c.gate.who() == door::speaker::member ? max_named_by_member : max_named_by_client;
}

/// As the gate reads it.
std::string guarded_broker::name_of(caf::node_id node) {
  std::vector<char> bytes;
  caf::binary_serializer{system(), bytes}(node);
  return {bytes.begin(), bytes.end()};
}

std::string guarded_broker::judge(guarded_connection& c, const caf::io::new_data_msg& m,
                                  bool payload) {
  const std::string_view bytes{m.buf.data(), m.buf.size()};
  if (payload)
    return c.gate.judge_payload(c.header, bytes);
  c.header = door::read_basp_header(bytes);
  return c.gate.judge(c.header);
}

/// A payload of so many bytes, or a header.
void guarded_broker::read_next(guarded_connection& c, connection_handle handle,
                               std::size_t payload_bytes) {
  c.in_pieces = payload_bytes > chunk_bytes;
  configure_read(handle, c.in_pieces ? caf::io::receive_policy::at_most(chunk_bytes)
                                     : caf::io::receive_policy::exactly(
                                           payload_bytes == 0 ? basp::header_size : payload_bytes));
}

/// Whether the message is there, in m.
bool guarded_broker::collect(guarded_connection& c, caf::io::new_data_msg& m, std::size_t wanted) {
  c.message.insert(c.message.end(), m.buf.begin(), m.buf.end());
  if (c.gate.who() != door::speaker::member) {
    c.counted += m.buf.size();
    collected_bytes_ += m.buf.size();
  }
  if (c.message.size() < wanted) {
    configure_read(m.handle, caf::io::receive_policy::at_most(
                                 std::min(chunk_bytes, wanted - c.message.size())));
    while (collected_bytes_ > max_client_input_bytes)
      refuse_largest([](const auto& c) { return c.counted; },
                     "clients' unfinished messages take too much memory, its own most of it");
    return false;
  }
  collected_bytes_ -= std::exchange(c.counted, 0);
  m.buf.swap(c.message);
  release(c.message);
  return true;
}

void guarded_broker::release(std::vector<char>& buffer) {
  note_freed(buffer.capacity());
  std::vector<char>{}.swap(buffer);
}

/// Small ones are used again.
void guarded_broker::note_freed(std::size_t bytes) {
  if (bytes > kept_buffer_bytes)
    just_freed_bytes_ += bytes;
}

template <class Change>
void guarded_broker::count_output(connection_handle handle, Change change) {
  const auto known = connections_.find(handle);
  if (known == connections_.end() || known->second.number == 0 ||
      known->second.gate.who() == door::speaker::member)
    return;
  auto& output = known->second.output;
  const auto before = output.bytes();
  change(output);
  note_freed(before - std::min(before, output.bytes()));
  unread_bytes_ -= before;
  unread_bytes_ += output.bytes();
}

void guarded_broker::make_room() {
  makes_room_ = false;
  while (unread_bytes_ > max_client_output_bytes)
    refuse_largest([](const auto& c) { return c.output.bytes(); },
                   "clients do not read what they asked for, this one least");
  std::vector<connection_handle> slow;
  for (const auto& [handle, c] : connections_)
    if (wr_buf(handle).size() > max_member_output_bytes)
      slow.push_back(handle);
  for (const auto& handle : slow) {
    note_freed(wr_buf(handle).size());
    refuse(handle, "it takes less than it is sent, and too much waits");
  }
}

template <class Size>
void guarded_broker::refuse_largest(Size size, const char* why) {
  const auto largest =
      std::max_element(connections_.begin(), connections_.end(), [&](const auto& a, const auto& b) {
        return size(a.second) < size(b.second);
      });
  refuse(largest->first, why);
}

void guarded_broker::admit(const caf::node_id& node, bool is_member) {
  std::vector<connection_handle> too_many;
  for (const auto& [handle, its_node] : instance.tbl().direct_by_hdl_) {
    const auto known = connections_.find(handle);
    if (its_node != node || known == connections_.end() || known->second.number == 0)
      continue;
    auto& c = known->second;
    if (!is_member && c.gate.who() == door::speaker::member)
      continue; // a member may ask what clients ask
    half_open_.leave(c.number);
    clients_.erase(c.number);
    if (is_member) { // nobody waits with what goes to members
      count_output(handle, [](auto& output) { output = {}; });
      ack_writes(handle, false);
    }
    c.gate.admit(is_member ? door::speaker::member : door::speaker::client);
    if (is_member)
      continue;
    clients_.insert(c.number);
    if (clients_.size() > own_file_budget().clients)
      too_many.push_back(handle);
  }
  for (const auto& handle : too_many)
    refuse(handle, "too many clients are connected");
}

void guarded_broker::dismiss(const caf::node_id& node) {
  if (const auto handle = instance.tbl().lookup_direct(node))
    drop(*handle, caf::sec::redundant_connection);
}

void guarded_broker::look_around_once() {
  delayed_send(this, look_around, door_atom::value);
  static_cast<network_loop&>(*backend_of()).listen_again();
  const auto now = clock_type::now();
  while (const auto number = half_open_.oldest()) {
    const auto oldest = by_number_.at(*number);
    if (now - connections_.at(oldest).since < half_open_timeout)
      break;
    refuse(oldest, "it has not said hello in time");
  }
  drop_silent_ones();
  for (const auto& [handle, c] : connections_)
    make_smaller(wr_buf(handle));
  release(wr_buf(connection_handle{})); // CAF's, for what was sent to who is gone
  give_memory_back();
}

/// Else a connection would keep for ever what its largest turn took, and nobody counts that.
void guarded_broker::make_smaller(std::vector<char>& buffer) {
  if (buffer.capacity() <= std::max(kept_idle_bytes, 4 * buffer.size()))
    return;
  std::vector<char> rest{buffer.begin(), buffer.end()};
  buffer.swap(rest);
  release(rest);
}

/// A buffer may outlive its connection for as long as the loop has something to do for that: so
/// what was freed since the last look is given back at the next one.
void guarded_broker::give_memory_back() {
  if (freed_bytes_ >= kept_freed_bytes) {
    freed_bytes_ = 0;
    give_freed_memory_back();
  }
  freed_bytes_ += std::exchange(just_freed_bytes_, 0);
}

/// CAF would only stop reading, and keep for ever what the other side has not read.
void guarded_broker::drop_silent_ones() {
  std::vector<connection_handle> silent;
  for (const auto& [handle, its] : ctx) {
    auto& seen = seen_[handle];
    if (seen.last != its.last_seen)
      seen = {its.last_seen};
    else if (++seen.silent_looks > most_silent_looks)
      silent.push_back(handle);
  }
  for (const auto& handle : silent)
    drop(handle, caf::sec::connection_timeout);
}

/// Perhaps its own direction only. CAF cleans up later, and a question that crosses the end of a
/// connection needs that.
void guarded_broker::gone(const caf::io::connection_closed_msg& m) {
  hang_up(m.handle);
  seen_.erase(m.handle);
  if (const auto known = connections_.find(m.handle); known != connections_.end())
    forget(known);
  hear_as_caf(m);
}

void guarded_broker::forget(connections::iterator known) {
  half_open_.leave(known->second.number);
  by_number_.erase(known->second.number);
  clients_.erase(known->second.number);
  if (const auto place = holders_.find(known->second.gate.name());
      place != holders_.end() && place->second == known->first)
    holders_.erase(place);
  collected_bytes_ -= known->second.counted;
  unread_bytes_ -= known->second.output.bytes();
  note_freed(known->second.output.bytes() + known->second.message.size());
  connections_.erase(known);
}

void guarded_broker::refuse(connection_handle handle, const std::string& why) {
  refusals_.log("closes a connection with " + remote_addr(handle) + ":" +
                std::to_string(remote_port(handle)) + ": " + why);
  drop(handle, caf::sec::malformed_basp_message);
}

/// Whoever waits for the connection is told `why`.
void guarded_broker::drop(connection_handle handle, caf::sec why) {
  seen_.erase(handle);
  if (const auto known = connections_.find(handle); known != connections_.end())
    forget(known);
  connection_cleanup(handle, why);
  if (close(handle)) // or CAF has closed it, and the descriptor is another one's
    hang_up(handle);
}

} // namespace pmmc
