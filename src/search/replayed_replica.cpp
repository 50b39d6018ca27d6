#include "search/replayed_replica.hpp"

#include "base/digest.hpp"
#include "consensus/pmmc/replica.hpp"
#include "search/encoding.hpp"

#include <istream>
#include <iterator>
#include <ostream>

namespace pmmc::search {

namespace {

/// Remembers every operation, in order: "A1 A2 ". Every query is for all of them.
class operations final : public state_machine {
public:
  std::string_view name() const override { return "operations/1"; }
  std::string apply(std::string_view op) override {
    text_.append(op).push_back(' ');
    return {};
  }
  std::string query(std::string_view) const override { return text_; }
  std::unique_ptr<state_machine> clone() const override {
    return std::make_unique<operations>(*this);
  }
  void snapshot(std::ostream& out) const override { out << text_; }
  void restore(std::istream& in) override { text_.assign(std::istreambuf_iterator<char>{in}, {}); }
  std::uint64_t fingerprint() const override { return digest_of(0, text_); }
  std::size_t size_bytes() const override { return text_.size(); }

private:
  std::string text_;
};

} // namespace

replayed_replica::replayed_replica(std::shared_ptr<const settings> options, unsigned life)
    : options_(std::move(options)), life_(life) {
  const auto core = replay();
  core->take(); // what it sends by itself is left out
  look_at(*core);
}

void replayed_replica::on(const decision& m) {
  decided_.emplace(m.slot, m.value);
  hear(m);
}

void replayed_replica::hear(event e) {
  heard_.push_back(std::move(e));
  const auto core = replay();
  unsent_ = core->take();
  look_at(*core);
}

/// What came of the last event is not taken yet.
std::unique_ptr<replica> replayed_replica::replay() const {
  replica::settings options;
  options.id = options_->id;
  options.seed = life_;
  auto core = std::make_unique<replica>(
      options,
      std::make_unique<replicated_state>(std::make_unique<operations>(),
                                         config_history{options_->first_config}, options_->window),
      false);
  const auto tell = [&](const auto& e) {
    if constexpr (std::is_same_v<std::decay_t<decltype(e)>, client_query>)
      core->on(e.from, e.what);
    else
      core->on(e);
  };
  core->flush();
  for (const auto& e : heard_) {
    core->take();
    std::visit(tell, e);
    core->flush();
  }
  return core;
}

void replayed_replica::look_at(const replica& core) {
  const auto& state = core.state();
  now_ = {core.slot_out(), state.fingerprint(), state.machine().query({}),
          state.configurations().latest().version, ""};
  put(now_.bytes, core);
}

} // namespace pmmc::search
