#include "search/raft/server_process.hpp"

#include "search/raft/contents.hpp"

namespace pmmc::raft::search {

void put(byte_writer& out, const server_process& p) {
  const auto& [number, core, disk, writing, fetching, reads, must_see] = p;
  out.put_server(number);
  role_contents::put(out, core);
  out.put(writing.size());
  out.put(disk);
  for (const auto& [records, sends] : writing) {
    out.put(records.size());
    for (const auto& r : records)
      out.put(r);
    out.put_sorted(sends);
  }
  out.put(std::uint64_t{fetching.has_value()});
  if (fetching) {
    out.put(fetching->from);
    out.put(fetching->base);
  }
  out.put(reads);
  out.put(must_see);
}

} // namespace pmmc::raft::search
