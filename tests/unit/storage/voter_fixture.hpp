// The store of an engine's server together with what it acknowledged, to compare with what it
// recovers.
#pragma once

#include "scratch.hpp"

#include "base/random.hpp"

#include <optional>
#include <utility>

/// `Voter` names the types of an engine: `store`, `state`, `record`, `history`; and has its
/// `engine`, the `founding` state, the records of a small write, `next`, of a value that is kept,
/// `append`, and of what is kept no more, `forget`; and words of refusals.
template <class Voter>
class voter_fixture {
public:
  using state = typename Voter::state;
  using records = std::vector<typename Voter::record>;

  /// Formats the directory if there is none yet.
  explicit voter_fixture(std::filesystem::path path, pmmc::storage::segment_sizes sizes = {})
      : acknowledged(Voter::founding()), path_(std::move(path)), sizes_(sizes) {
    using namespace pmmc::storage;
    if (data_directory::is_unformatted(real_disk(), path_))
      data_directory::format(
          real_disk(), path_,
          scratch::info_of(pmmc::role_kind::server, path_.filename().string(), Voter::engine),
          sizes_);
    start();
  }

  void write(const records& made) {
    mark_before_last_write = scratch::contents(path_ / "acknowledged");
    store_->write(made);
    for (const auto& record : made)
      acknowledged.apply(record);
  }

  /// Leaves the files as a killed process does: nothing is written at the end but the mark.
  void stop() {
    store_.reset();
    directory_.reset();
  }

  void start() {
    directory_ = scratch::open(path_, pmmc::role_kind::server);
    store_.emplace(*directory_, sizes_);
    recovered = store_->take_recovered();
    CHECK(recovered == acknowledged);
  }

  void restart() {
    stop();
    start();
  }

  /// As many writes as `steps`, and now and then another start.
  void live_through(typename Voter::history history, int steps) {
    pmmc::random_source chance{7};
    while (steps-- > 0) {
      write(history.next(acknowledged));
      if (chance.below(20) == 0)
        restart();
    }
    restart();
  }

  std::uint64_t writes() const { return store_->writes(); }

  state acknowledged;
  state recovered;
  std::string mark_before_last_write;

private:
  std::filesystem::path path_;
  pmmc::storage::segment_sizes sizes_;
  std::optional<pmmc::storage::data_directory> directory_;
  std::optional<typename Voter::store> store_;
};
