#include "actors/stage.hpp"

#include "core_helpers.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <spdlog/spdlog.h>
#include <system_error>

namespace pmmc::test {

namespace {

constexpr std::size_t most_deliveries = 1'000'000;

caf::actor_system_config& configure(caf::actor_system_config& config) {
  spdlog::set_level(spdlog::level::critical);
  config.add_message_types<caf::id_block::pmmc>();
  config.set("scheduler.policy", caf::atom("testing"));
  return config;
}

} // namespace

// --- Recorder -----------------------------------------------------------------------------------

recorder::recorder(caf::actor_system& system, role_id id)
    : id_(id), heard_(std::make_shared<entries>()) {
  const auto behaviour = [](caf::event_based_actor* self, std::shared_ptr<entries> heard) {
    self->set_default_handler(
        [heard](caf::scheduled_actor* actor, caf::message_view& m) -> caf::result<caf::message> {
          heard->push_back({actor->current_sender(), m.move_content_to_message()});
          return caf::message{};
        });
    return caf::behavior{[](stop_atom) {}}; // an actor without any handler would end at once
  };
  handle_ = system.spawn(behaviour, heard_);
}

bool recorder::heard_only_from(const caf::actor& sender) const {
  return std::all_of(heard_->begin(), heard_->end(),
                     [&](const entry& e) { return e.from == sender; });
}

std::string recorder::text() const {
  std::string text = id_.str() + " has heard:";
  for (const auto& e : *heard_)
    text += " " + caf::to_string(e.content);
  return text;
}

// --- Files --------------------------------------------------------------------------------------

temporary_directory::temporary_directory() {
  auto name = (std::filesystem::temp_directory_path() / "pmmc-actors-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw std::system_error{errno, std::generic_category(), name};
  path_ = name;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

storage::data_directory stage::directory(role_kind kind, const role_id& id,
                                         const configuration& initial, std::uint64_t window,
                                         engine_kind engine) {
  auto facts = facts_of(initial, window);
  facts.engine = to_string(engine);
  const auto path = path_of(id);
  if (storage::data_directory::is_unformatted(storage::real_disk(), path))
    storage::data_directory::format(
        storage::real_disk(), path,
        {.cluster = "test", .kind = kind, .id = id, .format_id = {}, .facts = std::move(facts)});
  return storage::data_directory::open(storage::real_disk(), path, "test", kind, id);
}

// --- Stage --------------------------------------------------------------------------------------

stage::stage()
    : system_(configure(config_)),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())) {
  // A test that leaves an actor behind is to fail, not to hang.
  system_.await_actors_before_shutdown(false);
  scheduler_.clock().current_time += std::chrono::hours{1}; // 0 is special
  try_settle();
  living_at_start_ = system_.registry().running();
}

stage::~stage() {
  for (const auto& actor : started_)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  CHECK(try_settle());
  started_.clear();
  CHECK(living() == 0);
}

recorder stage::record(const role_id& id) {
  recorder made{system_, id};
  started_.push_back(made.handle());
  return made;
}

void stage::stop(const caf::actor& actor) {
  std::erase(started_, actor);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  settle();
}

std::size_t stage::living() { return system_.registry().running() - living_at_start_; }

void stage::deliver(random_source& chance) {
  auto& jobs = scheduler_.jobs;
  std::swap(jobs.front(), jobs[chance.below(jobs.size())]);
  scheduler_.run_once();
}

bool stage::try_settle() {
  for (std::size_t count = 0; count < most_deliveries; ++count)
    if (!scheduler_.try_run_once())
      return true;
  return false;
}

void stage::settle() { REQUIRE(try_settle()); }

void stage::advance(std::chrono::milliseconds time) { scheduler_.advance_time(time); }

void stage::ticks(unsigned count) {
  settle();
  for (; count > 0; --count) {
    advance(tick_length);
    settle();
  }
}

std::uint64_t seed_or(std::uint64_t otherwise) {
  const auto* text = std::getenv("PMMC_SEED");
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

} // namespace pmmc::test
