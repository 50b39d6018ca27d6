#include "parts/shell.hpp"

#include "node/shown.hpp"
#include "wire/grouping.hpp"

#include <algorithm>
#include <utility>

namespace pmmc {

std::chrono::nanoseconds until_next_tick() {
  using namespace std::chrono;
  const auto now = duration_cast<nanoseconds>(steady_clock::now().time_since_epoch());
  return tick_length - now % nanoseconds{tick_length};
}

unsigned late_ticks::due(std::chrono::steady_clock::time_point now) {
  constexpr auto most = std::int64_t{std::chrono::milliseconds{500} / tick_length};
  const auto before = std::exchange(last_, number_of(now));
  return static_cast<unsigned>(std::clamp(last_ - before, std::int64_t{1}, most));
}

void drop_log::operator()(std::string_view types) const {
  // Of any length, perhaps: the types tell enough.
  warning_->log(name_ + " drops an unexpected message: " + std::string{types});
}

drop_log set_shell_handlers(caf::scheduled_actor* self, const std::string& name) {
  const drop_log dropped{name};
  self->set_default_handler([dropped](caf::scheduled_actor* actor,
                                      caf::message_view& unexpected) -> caf::result<caf::message> {
    std::string types;
    const auto& content = unexpected.content();
    for (std::size_t i = 0; i < content.size(); ++i)
      types += (i == 0 ? "" : " ") + actor->system().types().portable_name(content.type(i));
    dropped(types);
    return caf::message{};
  });
  const auto errors = std::make_shared<rare_warning>(); // anybody may send one, with any text
  self->set_error_handler([name, errors](caf::scheduled_actor* actor, caf::error& error) {
    errors->log(name + " was answered with an error: " + shown(actor->system().render(error)));
  });
  self->set_down_handler([](caf::scheduled_actor*, caf::down_msg&) {});
  self->set_exit_handler([](caf::scheduled_actor* actor, caf::exit_msg& m) {
    if (m.reason == caf::exit_reason::user_shutdown || m.reason == caf::exit_reason::kill)
      actor->quit(m.reason);
  });
  self->set_exception_handler(
      [name](caf::scheduled_actor*, std::exception_ptr& exception) -> caf::error {
        try {
          std::rethrow_exception(exception);
        } catch (const std::exception& e) {
          fatal(name, e.what());
        }
      });
  return dropped;
}

void tell_node(caf::scheduled_actor* self, members_link& link, const membership& known) {
  if (!link.node || (!known.is_newer_than(link.told) && known.identity == link.told.identity &&
                     known.configurations.disks() == link.told.configurations.disks()))
    return;
  link.told = known;
  caf::send_as(caf::actor_cast<caf::actor>(self), link.node, members_news{known});
}

void peer_directory::up(const hosted_role& role, bool is_guest) {
  auto changed = std::make_shared<contacts>(*contacts_);
  changed->insert_or_assign(role.id,
                            contact{role.handle, role.kind == role_kind::client, is_guest});
  contacts_ = std::move(changed);
}

void peer_directory::down(const role_id& id) {
  auto changed = std::make_shared<contacts>(*contacts_);
  changed->erase(id);
  contacts_ = std::move(changed);
}

bool peer_directory::is_up(const role_id& id, const caf::strong_actor_ptr& sender) const {
  const auto* known = find(id);
  return known != nullptr && (!sender || sender->node() == known->node());
}

bool peer_directory::is_guest(const role_id& id) const {
  const auto it = contacts_->find(id);
  return it != contacts_->end() && it->second.is_guest;
}

const caf::actor* peer_directory::find(const role_id& id) const {
  const auto it = contacts_->find(id);
  return it == contacts_->end() ? nullptr : &it->second.handle;
}

void peer_directory::send(const caf::actor& from, const role_id& to, mail what) const {
  const auto it = contacts_->find(to);
  if (it == contacts_->end())
    return;
  if (!it->second.is_client && it->second.handle.node() != from.node())
    sent_->fetch_add(1, std::memory_order_relaxed);
  caf::send_as(from, it->second.handle, std::move(what));
}

void send_all(const caf::actor& from, const role_id& sender_id, const peer_directory& peers,
              std::vector<envelope> envelopes) {
  wire::send_grouped(sender_id, std::move(envelopes), [&]<class M>(const role_id& to, M m) {
    peers.send(from, to, mail{std::move(m)});
  });
}

} // namespace pmmc
