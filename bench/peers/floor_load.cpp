// The load of the floor program.
#include "load/socket_load.hpp"
#include "peer_load.hpp"

#include <cstring>

namespace pmmc::bench {

namespace {

/// A put is 4 bytes of length and that many of key and value; the answer is one byte.
class floor_dialect : public load::dialect {
public:
  void append_request(const load::operation& op, std::string& out) override {
    if (op.kind == load::operation_kind::get)
      throw std::logic_error{"the floor program has no reads"};
    const auto bytes = static_cast<std::uint32_t>(op.key.size() + op.value.size());
    out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    out += op.key;
    out += op.value;
  }

  std::optional<load::answer> take_answer(load::operation_kind,
                                          std::string_view received) override {
    if (received.empty())
      return std::nullopt;
    return load::answer{load::ending::done, {}, 1};
  }
};

class floor_load : public running_load {
public:
  floor_load(const std::string& address, const load::plan& p, load::recorder& r)
      : load_({address}, std::make_unique<floor_dialect>(), p, r) {}
  void stop() override { load_.stop(); }

private:
  load::socket_load load_;
};

} // namespace

} // namespace pmmc::bench

int main(int argc, char** argv) {
  using namespace pmmc;
  return bench::peer_main(argc, argv, false,
                          [](const std::string& address, const load::plan& p,
                             load::recorder& r) -> std::unique_ptr<bench::running_load> {
                            if (p.get_share > 0)
                              throw std::invalid_argument{"the floor program has no reads"};
                            return std::make_unique<bench::floor_load>(address, p, r);
                          });
}
