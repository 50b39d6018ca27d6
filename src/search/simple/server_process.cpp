#include "search/simple/server_process.hpp"

#include "search/simple/contents.hpp"

namespace pmmc::simple::search {

command command_of(unsigned number, unsigned count) {
  return command{id_of(number).str() + "/" + std::to_string(count)};
}

void put(byte_writer& out, const server_process& p) {
  const auto& [number, core, disk, snapshot, asked, rounds, reads, must_see] = p;
  out.put_server(number);
  role_contents::put(out, core);
  out.put(disk);
  out.put(snapshot);
  for (const auto count : {asked, rounds, reads})
    out.put(std::uint64_t{count});
  out.put(must_see.size());
  for (const auto& [read, slot] : must_see) {
    out.put(read);
    out.put(slot);
  }
}

} // namespace pmmc::simple::search
