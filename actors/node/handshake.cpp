#include "node/handshake.hpp"

#include "wire/message_codec.hpp"

#include <utility>

namespace pmmc {

namespace {

template <class Said>
std::string bytes_of(const Said& said) {
  std::string bytes;
  wire::encode(bytes, said);
  return bytes;
}

template <class Heard, class Message>
std::optional<Heard> read_any(const Message& m) {
  Heard heard;
  if (!wire::decode(m.said, heard.said).empty() || m.handles.size() != heard.said.roles.size())
    return std::nullopt;
  auto handle = m.handles.begin();
  for (const auto& role : heard.said.roles)
    heard.roles.push_back(
        {role.id, role.kind, role.format_id, *handle++, role.lives, role.records});
  return heard;
}

} // namespace

hello write_hello(const introduction& said, caf::actor node, std::vector<caf::actor> handles) {
  return {bytes_of(said), std::move(node), std::move(handles)};
}

welcome write_welcome(const introduction_reply& said, std::vector<caf::actor> handles) {
  return {bytes_of(said), std::move(handles)};
}

std::optional<heard_hello> read(const hello& m) { return read_any<heard_hello>(m); }

std::optional<heard_welcome> read(const welcome& m) { return read_any<heard_welcome>(m); }

} // namespace pmmc
