// A stage for actors: CAF's test scheduler, on which the test alone decides when a message is
// delivered and when time passes. Actors re-arm their ticks for ever, so there is no "run until
// nothing is left": either deliver what is there now (`settle`), or let ticks pass (`ticks`).
#pragma once

#include "base/engine_kind.hpp"
#include "base/random.hpp"
#include "parts/shell.hpp"
#include "storage/data_directory.hpp"
#include "storage/posix_disk.hpp"

#include <algorithm>
#include <caf/scheduler/test_coordinator.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pmmc::test {

/// An actor that does nothing but remember what it is sent. Copies share.
class recorder {
public:
  recorder(caf::actor_system& system, role_id id);

  const role_id& id() const { return id_; }
  const caf::actor& handle() const { return handle_; }
  hosted_role as(role_kind kind, std::string disk = {}) const {
    return {id_, kind, std::move(disk), handle_};
  }

  /// Removes and returns the messages of type M, in order.
  template <class M>
  std::vector<M> take() {
    std::vector<M> taken;
    std::erase_if(*heard_, [&](const entry& e) {
      const auto* one = find<M>(e);
      if (one != nullptr)
        taken.push_back(*one);
      return one != nullptr;
    });
    return taken;
  }
  template <class M>
  std::size_t count() const {
    return static_cast<std::size_t>(std::count_if(
        heard_->begin(), heard_->end(), [](const entry& e) { return find<M>(e) != nullptr; }));
  }
  /// Whether everything that it has heard came from `sender`.
  bool heard_only_from(const caf::actor& sender) const;
  bool has_heard_nothing() const { return heard_->empty(); }
  void forget() { heard_->clear(); }
  /// What it has heard, for the texts of failures.
  std::string text() const;

private:
  struct entry {
    caf::strong_actor_ptr from;
    caf::message content;
  };
  using entries = std::vector<entry>;

  /// Nothing if it is another one.
  template <class M>
  static const M* find(const entry& e) {
    if constexpr (wire::is_message<M>) {
      const auto* arrived = find<mail>(e);
      return arrived == nullptr ? nullptr
                                : wire::open(arrived->what, [](const auto& what) -> const M* {
                                    if constexpr (std::same_as<decltype(what), const M&>)
                                      return &what;
                                    else
                                      return nullptr;
                                  });
    } else {
      return e.content.match_elements<M>() ? &e.content.get_as<M>(0) : nullptr;
    }
  }

  role_id id_;
  std::shared_ptr<entries> heard_;
  caf::actor handle_;
};

/// A directory that goes when the object goes.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// The fixture of all tests in this folder. Its destructor stops every actor and checks that none
/// is left over.
class stage {
public:
  stage();
  ~stage();

  caf::actor_system& system() { return system_; }

  /// Spawns on the test scheduler; stopped at the end.
  template <class... Args>
  caf::actor spawn(Args&&... args) {
    started_.push_back(system_.spawn(std::forward<Args>(args)...));
    return started_.back();
  }
  recorder record(const role_id& id);
  void stop(const caf::actor& actor);
  /// Actors that live at present, recorders included.
  std::size_t living();

  template <class M>
  void send(const caf::actor& to, M message) {
    caf::anon_send(to, sealed(std::move(message)));
  }
  template <class M>
  void send_from(const recorder& from, const caf::actor& to, M message) {
    caf::send_as(from.handle(), to, sealed(std::move(message)));
  }

  std::size_t ready_actors() const { return scheduler_.jobs.size(); }
  /// Messages whose time has not come.
  std::size_t delayed_messages() const { return scheduler_.clock().schedule().size(); }
  /// Lets one actor handle one message: the first that became ready, or one that chance picks.
  void deliver() { scheduler_.run_once(); }
  void deliver(random_source& chance);
  /// Delivers all messages, and those that they give rise to. Time stands still.
  void settle();
  /// `settle`, and then so often: a tick's time passes, `settle`.
  void ticks(unsigned count);
  void advance(std::chrono::milliseconds time);

  /// The data directory of a role, formatted when it is asked for first.
  storage::data_directory directory(role_kind kind, const role_id& id, const configuration& initial,
                                    std::uint64_t window = 8, engine_kind engine = default_engine);
  std::filesystem::path path_of(const role_id& id) const { return files_.path() / id.str(); }

private:
  bool try_settle();

  /// As it travels.
  template <class M>
  static auto sealed(M message) {
    if constexpr (wire::is_message<M>)
      return mail{std::move(message)};
    else if constexpr (requires { message.as_sent(); })
      return message.as_sent();
    else
      return message;
  }

  temporary_directory files_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
  std::size_t living_at_start_ = 0;
  std::vector<caf::actor> started_;
};

/// The seed of the tests that draw lots: PMMC_SEED if it is set, or `otherwise`.
std::uint64_t seed_or(std::uint64_t otherwise);

} // namespace pmmc::test
