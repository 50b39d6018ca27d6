// A Raft server's store together with what it acknowledged, to compare with what it recovers.
#pragma once

#include "raft_history.hpp"
#include "scratch.hpp"

#include "storage/raft_store.hpp"

#include <optional>

class raft_fixture {
public:
  /// Makes the files if there are none yet.
  explicit raft_fixture(
      std::filesystem::path path,
      pmmc::raft::persistent_state expected = pmmc::raft::founding_state(first_servers),
      pmmc::storage::segment_sizes sizes = {})
      : acknowledged(std::move(expected)), path_(std::move(path)), sizes_(sizes) {
    using namespace pmmc::storage;
    if (data_directory::is_unformatted(real_disk(), path_)) {
      scratch::format(path_, pmmc::role_kind::replica);
      raft_store::create(real_disk(), path_, first_servers, sizes_);
    }
    start();
  }

  void write(const raft_records& records) {
    mark_before_last_write = scratch::contents(path_ / "acknowledged");
    store_->write(records);
    for (const auto& record : records)
      acknowledged.apply(record);
  }

  /// `value`, as the next entry of the latest term.
  void append(std::string value) {
    const auto& log = acknowledged.log;
    write({pmmc::raft::append_record{
        log.last().index + 1,
        {std::max(acknowledged.term, log.last().term), pmmc::command{std::move(value)}, nullptr}}});
  }

  /// All up to `index`, an entry of the log, is in a snapshot.
  void compact(pmmc::slot_num index) {
    const auto& log = acknowledged.log;
    write({pmmc::raft::base_record{{index, *log.term_at(index)}, log.members_at(index)}});
  }

  /// Leaves the files as a killed process does: nothing is written at the end but the mark.
  void stop() {
    store_.reset();
    directory_.reset();
  }

  void start() {
    directory_ = scratch::open(path_, pmmc::role_kind::replica);
    store_.emplace(*directory_, sizes_);
    recovered = store_->take_recovered();
    CHECK(recovered == acknowledged);
  }

  void restart() {
    stop();
    start();
  }

  std::uint64_t writes() const { return store_->writes(); }

  pmmc::raft::persistent_state acknowledged;
  pmmc::raft::persistent_state recovered;
  std::string mark_before_last_write;

private:
  std::filesystem::path path_;
  pmmc::storage::segment_sizes sizes_;
  std::optional<pmmc::storage::data_directory> directory_;
  std::optional<pmmc::storage::raft_store> store_;
};
