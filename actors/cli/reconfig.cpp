// `pmmc reconfig`: one change of the members (change/membership_change.hpp), over a client.
#include "change/change_error.hpp"
#include "change/change_words.hpp"
#include "change/membership_change.hpp"
#include "cli.hpp"
#include "node/blocking_client.hpp"

#include <algorithm>
#include <cstdio>

namespace pmmc::cli {

namespace {

std::vector<std::string> words_of(const arguments& a, const char* option) {
  return a.options.count(option) > 0 ? a.options[option].as<std::vector<std::string>>()
                                     : std::vector<std::string>{};
}

/// Progress goes to stderr.
class client_access : public change_access {
public:
  client_access(const config::cluster_file& cluster, const arguments& a)
      : cluster_(cluster), arguments_(a) {}

  probed_cluster ask(const std::set<std::string>& also) override {
    return probe(cluster_, false, std::min(arguments_.timeout, std::chrono::milliseconds{2'000}),
                 also);
  }
  client_outcome propose(const std::string& op) override {
    return blocking_client{cluster_, arguments_.timeout, still_trying(arguments_)}.reconfigure(op);
  }
  void say(const std::string& text) override { std::fprintf(stderr, "pmmc: %s\n", text.c_str()); }

private:
  const config::cluster_file& cluster_;
  const arguments& arguments_;
};

exit_code code_of(change_failure kind) {
  switch (kind) {
  case change_failure::bad_words:
    return bad_usage;
  case change_failure::refused:
    return precondition_failed;
  case change_failure::not_executed:
  case change_failure::busy:
    return not_executed;
  case change_failure::unknown:
    return outcome_unknown;
  }
  return internal_error;
}

} // namespace

int reconfig(const arguments& a) {
  a.expect_words(0, 0);
  try {
    const auto cluster = a.load_cluster();
    client_access access{cluster, a};
    membership_change change{parse_change(words_of(a, "add"), words_of(a, "remove"),
                                          "Name it with --add ROLE:ID=HOST:PORT and "
                                          "--remove ROLE:ID"),
                             {a.options["dry-run"].as<bool>(), a.timeout},
                             access};
    const auto result = change.run();
    std::printf("%s", a.json ? (to_json(result, 2) + "\n").c_str() : to_text(result).c_str());
    return done;
  } catch (const change_error& e) {
    throw command_error{code_of(e.kind), e.what()};
  }
}

} // namespace pmmc::cli
