// An acceptor's store together with what it acknowledged, to compare with what it recovers.
#pragma once

#include "scratch.hpp"

#include <optional>

inline bool equal(const pmmc::acceptor_state& a, const pmmc::acceptor_state& b) {
  const auto same_votes = [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.ballot == y.second.ballot &&
           x.second.accepted == y.second.accepted;
  };
  return a.watermark == b.watermark &&
         std::equal(a.by_version.begin(), a.by_version.end(), b.by_version.begin(),
                    b.by_version.end(), same_votes);
}

class acceptor_fixture {
public:
  /// Formats the directory if there is none yet.
  explicit acceptor_fixture(std::filesystem::path path, pmmc::acceptor_state expected = {})
      : acknowledged(std::move(expected)), path_(std::move(path)) {
    if (pmmc::storage::data_directory::is_unformatted(pmmc::storage::real_disk(), path_))
      scratch::format(path_, pmmc::role_kind::acceptor);
    start();
  }

  void write(const std::vector<pmmc::acceptor_record>& records) {
    mark_before_last_write = scratch::contents(path_ / "acknowledged");
    store_->write(records);
    for (const auto& record : records)
      acknowledged.apply(record);
  }

  /// Leaves the files as a killed process does: nothing is written at the end but the mark.
  void stop() {
    store_.reset();
    directory_.reset();
  }

  void start() {
    directory_ = scratch::open(path_, pmmc::role_kind::acceptor);
    store_.emplace(*directory_);
    recovered = store_->take_recovered();
    CHECK(equal(recovered, acknowledged));
  }

  void restart() {
    stop();
    start();
  }

  pmmc::acceptor_state acknowledged;
  pmmc::acceptor_state recovered;
  std::string mark_before_last_write;

private:
  std::filesystem::path path_;
  std::optional<pmmc::storage::data_directory> directory_;
  std::optional<pmmc::storage::acceptor_store> store_;
};
