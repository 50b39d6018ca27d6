#include "storage/server_store.hpp"

#include "base/invariant.hpp"

#include <utility>

namespace pmmc::storage {

server_store::files server_store::open(const data_directory& directory,
                                       const segment_sizes& sizes) {
  PMMC_INVARIANT(directory.info().kind == role_kind::server, "the directory is a server's");
  if (directory.info().facts.engine == to_string(engine_kind::raft))
    return raft_store{directory, sizes};
  return simple_store{directory, sizes};
}

server_store::server_store(const data_directory& directory, const segment_sizes& sizes)
    : first_(directory.info().facts.first.servers), files_(open(directory, sizes)) {}

server_store::memory server_store::take_recovered() {
  return std::visit([](auto& store) { return memory{store.take_recovered()}; }, files_);
}

std::unique_ptr<replicated_log> server_store::open_log(log_settings options, memory recovered,
                                                       const replicated_state& state) const {
  if (auto* of_raft = std::get_if<raft::persistent_state>(&recovered)) {
    options.raft.server.id = options.id;
    options.raft.server.seed = options.seed;
    return std::make_unique<raft::engine>(options.raft, std::move(*of_raft), state.slot_out(),
                                          state.engine_part());
  }
  options.simple.id = options.id;
  options.simple.seed = options.seed;
  return std::make_unique<simple::engine>(options.simple, first_,
                                          std::get<simple::acceptor_state>(std::move(recovered)),
                                          state.slot_out());
}

namespace {

struct write_to {
  std::span<const pmmc::log_record> records;

  void operator()(raft_store& store) const { store.write(records_as<raft::record>(records)); }
  void operator()(simple_store& store) const { store.write(records_as<simple::record>(records)); }
};

} // namespace

void server_store::write(std::span<const pmmc::log_record> records) {
  std::visit(write_to{records}, files_);
}

std::uint64_t server_store::writes() const {
  return std::visit([](const auto& store) { return store.writes(); }, files_);
}

} // namespace pmmc::storage
