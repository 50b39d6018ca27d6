// The format: which bytes the messages of this version of the protocol have.
#include "unit/wire/codec_stage.hpp"

#include <cctype>
#include <iterator>

namespace pmmc::test {

namespace {

/// Fills each field with something that no other one has.
struct counting {
  unsigned next = 1;

  template <class T>
  void fill(T& x) {
    if constexpr (std::same_as<T, bool>) {
      x = true;
    } else if constexpr (std::is_enum_v<T>) {
      x = static_cast<T>(2);
    } else if constexpr (std::is_arithmetic_v<T>) {
      x = next++;
    } else if constexpr (std::same_as<T, std::string> || std::same_as<T, shared_bytes>) {
      x = "s" + std::to_string(next++);
    } else if constexpr (std::same_as<T, role_id>) {
      x = "i" + std::to_string(next++);
    } else if constexpr (std::same_as<T, command>) {
      x = command{"c" + std::to_string(next++)};
    } else if constexpr (is_vector<T>) {
      fill(x.emplace_back());
    } else if constexpr (is_optional<T>) {
      fill(x.emplace());
    } else if constexpr (is_shared<T>) {
      x = filled<std::remove_const_t<typename T::element_type>>(*this);
    } else if constexpr (std::same_as<T, vitals>) {
      fill(x.template emplace<replica_vitals>());
    } else if constexpr (std::same_as<T, config_history>) {
      configuration first;
      fill(first);
      first.servers.clear(); // of one engine
      x.add(first);
      first.acceptors[0].id = "a0";
      first.version += 100;
      first.first_slot += 100;
      x.add(first);
    } else {
      std::apply([this](auto&... field) { (fill(field), ...); }, fields_of(x));
    }
  }
};

/// Letters and digits as they are, other bytes as two hexadecimal digits in brackets.
std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      text += c;
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<std::uint8_t>(c);
      text += {'[', digits[byte / 16], digits[byte % 16], ']'};
    }
  return text;
}

/// In the order of `message`, then the two groups.
constexpr std::string_view format[] = {
    "[01][02]i1[02][03][02]i4[05][06]",
    "[02][02]i1[02][03][02]i4[05][02]i6[07][08][09][01][0a][03]i11[0c][03]c13",
    "[03][02]i1[02][03][02]i4[05][02]c6",
    "[04][02]i1[02][03][02]i4[05][02]i6[07][08]",
    "[05][02]i1[02][03][02]c4",
    "[06][01][02][02]c3",
    "[07][01]",
    "[08][02][01][02][03][02]s4",
    "[09][01][02][02][02]s3",
    "[0a][01][02]s2[05]",
    "[0b][01][02][02][02]s3",
    "[0c][02]i1[01][02][02][03][04][02]s5",
    "[0d][02]i1[02]i2",
    "[0e][02]i1[02][03]",
    "[0f][02]i1[02][03][04]",
    "[10][02]i1[02][02][03][02]i4[05][06][07][08][09][0a][0b]",
    "[11][02]i1[02][02][03][02]i4[05][06][07][08][09][0a][0b]",
    "[12][02]i1[02]",
    "[13][02]i1[02][03][01][02]c4",
    "[14][02]i1[02][03]",
    "[15][02]i1[02][03][04][02]s5",
    "[18][02]i1[02][03][04][01][01]",
    "[19][02]i1[02][01][01]",
    "[1a][02]i1[02][03][04][01][05][02]c6[01][07][01][02]i8[02]s9[03]s10[01][03]i11[03]s12[03]s13"
    "[0e][0f]",
    "[1b][02]i1[02][01][03][04][05][06]",
    "[1c][02]i1[02][03][04][05]",
    "[1d][02]i1[02]",
    "[1e][02]i1[02]",
    "[1f][02]i1[02][03]",
    "[20][02]i1[02][03]",
    "[21][02]i1[02][03][01][04][02]c5",
    "[22][02]i1[02][03][02]c4",
    "[23][02]i1[02][03]",
    "[24][02]i1[02][03][04]",
    "[25][01][02]c2",
    "[26][02]i1[02]",
    "[27][02]i1[02][03][01][02]c4",
    "[28][02]i1[02][03][04]",
    "[29][02]i1[02][03]",
    "[2a][02]i1[02]",
    "[2b][02]i1[02][03]",
    "[16][02]i1[01][02][02][03][04][02]s5[01][08][02]s9[0c]",
    "[17][02]i1[01][02][03][02][02]s4[01][07][02][08][02]s9"};

} // namespace

TEST_CASE_FIXTURE(codec_stage, "the format is that of this version of the protocol") {
  // Where this fails by intention, raise the version in actors/wire/protocol.hpp.
  std::size_t kind = 0;
  for_every_kind(1, [&]<class M>(const M&) {
    M m;
    counting{}.fill(m);
    CHECK(shown(bytes_of(m)) == format[kind++]);
  });
  CHECK(kind == std::size(format));
}

TEST_CASE("so is that of what nodes tell each other") {
  membership known;
  counting values;
  values.fill(known.configurations);
  values.fill(known.live_from);
  values.fill(known.identity);
  CHECK(shown(bytes_of(known)) ==
        "[02][01][02][01][02]i3[02]s4[02]s5[01][02]i6[02]s7[02]s8[01][02]i9[03]s10[03]s11[00]"
        "ef[01][02]a0[02]s4[02]s5[01][02]i6[02]s7[02]s8[01][02]i9[03]s10[03]s11[00]"
        "[01][01][02]i3[02]s4[02]s5e[0f][10]");
}

TEST_CASE("so is that of what processes say of themselves") {
  const auto shown_of = []<class M>(M m) {
    counting{}.fill(m);
    return shown(bytes_of(m));
  };
  CHECK(shown_of(introduction{}) ==
        "[02]s1[02]s2[01][02]i3[02][02]s4[05][01][06][07][08][09][01][0a][0b][01][03]i12"
        "[03]s13[03]s14[01][03]i15[03]s16[03]s17[01][03]i18[03]s19[03]s20[01][03]i21[03]s22"
        "[03]s23[18][03]s25[03]s26[03]s27[1c]");
  CHECK(shown_of(introduction_reply{}) ==
        "[02]s1[01][02]s2[01][02]i3[02][02]s4[05][01][06][07][02][08][09][01][03]i10[03]s11"
        "[03]s12[01][03]i13[03]s14[03]s15[01][03]i16[03]s17[03]s18[00]lm[01][02]a0[03]s11"
        "[03]s12[01][03]i13[03]s14[03]s15[01][03]i16[03]s17[03]s18[00][01][01][03]i10[03]s11"
        "[03]s12l[16][17][18][19][01][03]i26[03]s27[03]s28[01][03]i29[03]s30[03]s31[01][03]i32"
        "[03]s33[03]s34[01][03]i35[03]s36[03]s37[26][03]s39[03]s40[03]s41[03]s42[2b]");
  CHECK(shown_of(heartbeat{}) == "[01][02][03][04][05]");
  CHECK(shown_of(disk_refused{}) == "[02]i1[02]s2[03][04][05][01]");
}

TEST_CASE("a configuration of servers") {
  const configuration of_servers{1, 1, {}, {}, {}, {{"s1", "h1", "d"}}};
  CHECK(shown(bytes_of(config_history{of_servers})) ==
        "[01][01][01][00][00][00][01][02]s1[02]h1[01]d[00]");
}

TEST_CASE("an entry of Raft's log without members") {
  const auto sent = bytes_of(raft::append_entries{"", 0, {}, {{7, {}, nullptr}}, 0, 0});
  CHECK(shown(sent) == "[1a][00][00][00][00][01][07][00][00][00][00]");
}

TEST_CASE("what each kind of role tells of itself has its own format") {
  const auto shown_of = [](auto told) {
    counting{}.fill(told);
    return shown(bytes_of(pong{{}, 0, told})).substr(std::size("[11][00][00]") - 1);
  };
  CHECK(shown_of(acceptor_vitals{}) == "[00][01][02]i2[03][04][05][06]");
  CHECK(shown_of(leader_vitals{}) == "[01][01][02]i2[01][03][04][05]");
  CHECK(shown_of(server_vitals{}) == "[03][01][02]i2[01][03][04][05][06][07][08][09][0a]");
}

} // namespace pmmc::test
