#include "caf/caf_error.hpp"

namespace pmmc {

std::string explain(const caf::error& e, const caf::actor_system& system) {
  if (e == caf::sec::cannot_connect_to_node)
    return std::string{nothing_listens};
  if (e == caf::sec::incompatible_application_ids || e == caf::sec::incompatible_versions)
    return "it speaks another version of pmmc's protocol";
  if (e == caf::sec::connection_timeout || e == caf::sec::request_timeout)
    return std::string{does_not_answer};
  if (e == caf::exit_reason::remote_link_unreachable || e == caf::sec::request_receiver_down)
    return "the connection broke";
  if (e == caf::sec::disconnect_during_handshake || e == caf::sec::malformed_basp_message)
    return "it closed the connection, or is no pmmc process";
  if (e == caf::sec::runtime_error && e.context().match_elements<std::string>())
    return e.context().get_as<std::string>(0);
  return system.render(e);
}

caf::error refusal_in_words(std::string words) {
  return caf::make_error(caf::sec::runtime_error, std::move(words));
}

} // namespace pmmc
