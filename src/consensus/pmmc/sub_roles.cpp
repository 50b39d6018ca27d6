#include "consensus/pmmc/sub_roles.hpp"

#include <utility>

namespace pmmc {

namespace {

std::variant<scout, commander> start(const role_id& leader, sub_role_task task,
                                     unsigned resend_ticks) {
  if (auto* asks = std::get_if<scout_task>(&task))
    return scout{leader, std::move(*asks), resend_ticks};
  return commander{leader, std::move(std::get<commander_task>(task)), resend_ticks};
}

} // namespace

sub_role::sub_role(const role_id& leader, sub_role_task task, unsigned resend_ticks)
    : role_(start(leader, std::move(task), resend_ticks)) {}

void sub_role::on(const p1b& m) {
  if (auto* role = std::get_if<scout>(&role_))
    role->on(m);
}

void sub_role::on(const p2b& m) {
  if (auto* role = std::get_if<commander>(&role_))
    role->on(m);
}

void sub_role::on_tick() {
  std::visit([](auto& role) { role.on_tick(); }, role_);
}

outputs<> sub_role::take() {
  return std::visit([](auto& role) { return role.take(); }, role_);
}

std::optional<sub_role_report> sub_role::report() const {
  return std::visit(
      [this](const auto& role) -> std::optional<sub_role_report> {
        if (!role.outcome())
          return std::nullopt;
        return sub_role_report{id(), role.ballot(), *role.outcome()};
      },
      role_);
}

sub_role_id sub_role::id() const {
  if (const auto* role = std::get_if<scout>(&role_))
    return {sub_role_kind::scout, role->task().config->version};
  return {sub_role_kind::commander, std::get<commander>(role_).task().value.slot};
}

sub_role_id id_of(const sub_role_task& task) {
  if (const auto* asks = std::get_if<scout_task>(&task))
    return {sub_role_kind::scout, asks->config->version};
  return {sub_role_kind::commander, std::get<commander_task>(task).value.slot};
}

std::string to_string(const sub_role_id& id) {
  return (id.kind == sub_role_kind::scout ? "the scout of version " : "the commander of slot ") +
         std::to_string(id.number);
}

} // namespace pmmc
