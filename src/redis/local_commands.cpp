#include "redis/local_commands.hpp"

#include "kv/glob.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace pmmc::redis {

namespace {

/// The version of Redis whose commands and wordings these are.
constexpr std::string_view redis_version = "7.0.15";

/// As Redis wants it of names: printable, no blanks. Each connection keeps some.
bool is_name(std::string_view text) {
  if (text.size() > 256)
    return false;
  for (const char letter : text)
    if (letter < '!' || letter > '~')
      return false;
  return true;
}

/// Of good arity.
bool asks_for_help(const command_info& command, const request& r) {
  return (command.name == "client" || command.name == "command" || command.name == "config") &&
         r.size() == 2 && equals_ignoring_case(r[1], "help");
}

struct parameter {
  std::string_view name, value;
};

// What clients and tools ask for.
constexpr std::array parameters = {
    parameter{"appendonly", "yes"},
    parameter{"databases", "1"},
    parameter{"maxmemory", "0"},
    parameter{"maxmemory-policy", "noeviction"},
    parameter{"proto-max-bulk-len", "1048576"},
    parameter{"save", ""},
    parameter{"timeout", "0"},
};

void reset(connection& c) {
  c.transaction.forget();
  c.version = protocol::resp2;
  c.names.name.clear();
  c.session.clear();
}

void hello(connection& c, const request& r, std::string& out) {
  auto version = c.version;
  std::size_t at = 1;
  if (r.size() > 1) {
    if (r[1] != "2" && r[1] != "3") {
      const bool number = r[1].find_first_not_of("-0123456789") == r[1].npos && !r[1].empty();
      return put_error(out, number ? "NOPROTO unsupported protocol version"
                                   : "ERR Protocol version is not an integer or out of range");
    }
    version = r[1] == "3" ? protocol::resp3 : protocol::resp2;
    at = 2;
  }
  std::string name = c.names.name;
  for (; at < r.size();) {
    if (equals_ignoring_case(r[at], "auth") && at + 2 < r.size()) {
      if (r[at + 1] != "default")
        return put_error(out, "WRONGPASS invalid username-password pair or user is disabled.");
      at += 3;
    } else if (equals_ignoring_case(r[at], "setname") && at + 1 < r.size()) {
      if (!is_name(r[at + 1]))
        return put_error(out, "ERR Client names cannot contain spaces, newlines or special "
                              "characters.");
      name = r[at + 1];
      at += 2;
    } else {
      return put_error(out, "ERR Syntax error in HELLO option '" +
                                std::string{r[at].substr(0, 64)} + "'");
    }
  }
  c.version = version;
  c.names.name = name;
  put_map(out, version, 7);
  put_bulk(out, "server");
  put_bulk(out, "redis");
  put_bulk(out, "version");
  put_bulk(out, redis_version);
  put_bulk(out, "proto");
  put_integer(out, static_cast<std::int64_t>(version));
  put_bulk(out, "id");
  put_integer(out, static_cast<std::int64_t>(c.id));
  put_bulk(out, "mode");
  put_bulk(out, "standalone");
  put_bulk(out, "role");
  put_bulk(out, "master");
  put_bulk(out, "modules");
  put_array(out, 0);
}

/// There are no passwords: as a Redis without any answers.
void auth(const request& r, std::string& out) {
  if (r.size() > 3)
    put_error(out, "ERR syntax error");
  else if (r.size() == 2)
    put_error(out, "ERR AUTH <password> called without any password configured for the default "
                   "user. Are you sure your configuration is correct?");
  else if (r[1] == "default")
    put_status(out, "OK");
  else
    put_error(out, "WRONGPASS invalid username-password pair or user is disabled.");
}

std::string describe(const connection& c, std::int64_t now_ms) {
  const auto held = c.queue.size() + c.in_flight.size();
  return "id=" + std::to_string(c.id) + " addr=" + c.peer + " name=" + c.names.name +
         " age=" + std::to_string((now_ms - c.opened_ms) / 1000) + " db=0 multi=" +
         (c.transaction.is_open() ? std::to_string(c.transaction.commands()) : "-1") +
         " watch=" + std::to_string(c.transaction.watched()) + " waiting=" + std::to_string(held) +
         " cmd=" + c.last_command +
         " user=default resp=" + std::to_string(static_cast<int>(c.version)) +
         " lib-name=" + c.names.library + " lib-ver=" + c.names.library_version + "\n";
}

void client(const local_facts& facts, connection& c, const request& r, std::string& out) {
  const auto what = lower_case(r[1].substr(0, 16));
  if (what == "id") {
    put_integer(out, static_cast<std::int64_t>(c.id));
  } else if (what == "getname") {
    if (c.names.name.empty())
      put_nil(out, c.version);
    else
      put_bulk(out, c.names.name);
  } else if (what == "setname") {
    if (!is_name(r[2]))
      return put_error(out, "ERR Client names cannot contain spaces, newlines or special "
                            "characters.");
    c.names.name = r[2];
    put_status(out, "OK");
  } else if (what == "setinfo") {
    const bool library = equals_ignoring_case(r[2], "lib-name");
    if (!library && !equals_ignoring_case(r[2], "lib-ver"))
      return put_error(out, "ERR Unrecognized option '" + std::string{r[2].substr(0, 64)} + "'");
    if (!is_name(r[3]))
      return put_error(out, "ERR " + lower_case(r[2]) +
                                " cannot contain spaces, newlines or special characters.");
    (library ? c.names.library : c.names.library_version) = r[3];
    put_status(out, "OK");
  } else if (what == "info") {
    put_bulk(out, describe(c, facts.now_ms));
  } else if (r.size() > 2) {
    put_error(out, "ERR syntax error");
  } else {
    std::string all;
    for (const auto& [id, one] : facts.connections)
      all += describe(*one, facts.now_ms);
    put_bulk(out, all);
  }
}

void put_command(std::string& out, const command_info& info) {
  put_array(out, 10);
  put_bulk(out, info.name);
  put_integer(out, info.arity);
  const bool keys = info.of == group::keys;
  put_array(out, keys ? 1 : 0);
  if (keys)
    put_status(out, info.writes ? "write" : "readonly");
  put_integer(out, info.first_key);
  put_integer(out, info.last_key);
  put_integer(out, info.key_step);
  for (int i = 0; i < 4; ++i) // ACL categories, tips, key specifications, subcommands
    put_array(out, 0);
}

void put_docs(std::string& out, protocol p, const command_info& info) {
  put_bulk(out, info.name);
  put_map(out, p, 2);
  put_bulk(out, "summary");
  put_bulk(out, info.summary);
  put_bulk(out, "group");
  put_bulk(out, info.of == group::keys          ? "string"
                : info.of == group::transaction ? "transactions"
                : info.of == group::connection  ? "connection"
                                                : "server");
}

void command(const connection& c, const request& r, std::string& out) {
  const auto what = r.size() > 1 ? lower_case(r[1].substr(0, 16)) : "info";
  if (what == "count") {
    put_integer(out, static_cast<std::int64_t>(all_commands().size()));
  } else if (what == "list") {
    put_array(out, all_commands().size());
    for (const auto& one : all_commands())
      put_bulk(out, one.name);
  } else if (what == "docs") {
    std::vector<const command_info*> wanted;
    for (std::size_t i = 2; i < r.size(); ++i)
      if (const auto* one = find_command(r[i]))
        wanted.push_back(one);
    if (r.size() == 2)
      for (const auto& one : all_commands())
        wanted.push_back(&one);
    put_map(out, c.version, wanted.size());
    for (const auto* one : wanted)
      put_docs(out, c.version, *one);
  } else if (what == "info" && r.size() <= 2) {
    put_array(out, all_commands().size());
    for (const auto& one : all_commands())
      put_command(out, one);
  } else {
    put_array(out, r.size() - 2);
    for (std::size_t i = 2; i < r.size(); ++i)
      if (const auto* one = find_command(r[i]))
        put_command(out, *one);
      else
        put_nil_array(out, c.version);
  }
}

void config(const connection& c, const request& r, std::string& out) {
  const auto what = lower_case(r[1].substr(0, 16));
  if (what == "set")
    return put_error(out, "ERR CONFIG SET is not possible: pmmc is configured by its cluster file");
  std::array<bool, parameters.size()> wanted{};
  for (std::size_t i = 2; i < r.size(); ++i) {
    const kv::glob pattern{lower_case(r[i])};
    for (std::size_t p = 0; p < parameters.size(); ++p)
      wanted[p] |= pattern.matches(parameters[p].name);
  }
  std::vector<const parameter*> found;
  for (std::size_t p = 0; p < parameters.size(); ++p)
    if (wanted[p])
      found.push_back(&parameters[p]);
  put_map(out, c.version, found.size());
  for (const auto* p : found) {
    put_bulk(out, p->name);
    put_bulk(out, p->value);
  }
}

void info(const local_facts& facts, const request& r, std::string& out) {
  const auto wanted = [&](std::string_view section) {
    bool named = r.size() == 1;
    for (std::size_t i = 1; i < r.size(); ++i) {
      const auto word = lower_case(r[i]);
      named |= word == section || word == "all" || word == "default" || word == "everything";
    }
    return named;
  };
  std::string text;
  const auto section = [&](const char* title, std::string_view lines) {
    if (wanted(lower_case(title)))
      text.append(text.empty() ? "# " : "\r\n# ").append(title).append("\r\n").append(lines);
  };
  section("Server", "redis_version:" + std::string{redis_version} +
                        "\r\nredis_mode:standalone\r\npmmc_version:" + facts.settings.version +
                        "\r\npmmc_replica:" + facts.settings.replica + "\r\ntcp_port:" +
                        std::to_string(facts.settings.port) + "\r\nuptime_in_seconds:" +
                        std::to_string((facts.now_ms - facts.started_ms) / 1000) + "\r\n");
  section("Clients", "connected_clients:" + std::to_string(facts.connections.size()) + "\r\n");
  section("Persistence", "loading:0\r\n");
  section("Stats", "total_connections_received:" + std::to_string(facts.connections.seen()) +
                       "\r\ntotal_commands_processed:" + std::to_string(facts.commands) + "\r\n");
  section("Replication", "role:master\r\nconnected_slaves:0\r\n");
  put_bulk(out, text);
}

} // namespace

void answer_locally(const local_facts& facts, connection& c, const command_info& command,
                    const request& r, std::string& out) {
  const auto name = command.name;
  if (name == "ping" && r.size() <= 2) {
    if (r.size() == 1)
      put_status(out, "PONG");
    else
      put_bulk(out, r[1]);
  } else if (name == "ping") {
    put_error(out, wrong_arity(name));
  } else if (name == "echo") {
    put_bulk(out, r[1]);
  } else if (name == "select") {
    if (r[1] == "0")
      put_status(out, "OK");
    else if (r[1].find_first_not_of("-0123456789") == r[1].npos && !r[1].empty())
      put_error(out, "ERR DB index is out of range");
    else
      put_error(out, "ERR value is not an integer or out of range");
  } else if (name == "quit") {
    put_status(out, "OK");
    c.closing = true;
  } else if (name == "reset") {
    reset(c);
    put_status(out, "RESET");
  } else if (name == "unwatch") {
    put_status(out, "OK");
  } else if (name == "hello") {
    hello(c, r, out);
  } else if (name == "auth") {
    auth(r, out);
  } else if (asks_for_help(command, r)) {
    const auto lines = help(name);
    put_array(out, lines.size());
    for (const auto& line : lines)
      put_status(out, line);
  } else if (name == "client") {
    client(facts, c, r, out);
  } else if (name == "command") {
    redis::command(c, r, out);
  } else if (name == "config") {
    config(c, r, out);
  } else {
    info(facts, r, out);
  }
}

} // namespace pmmc::redis
