#include "storage/unknown_promises.hpp"

#include "storage/data_directory.hpp"

namespace pmmc::storage {

void refuse_promises(const std::filesystem::path& path, std::string_view how) {
  fail("recover the acceptor from", path, how,
       "what it has promised is UNKNOWN, so it must not vote. If files were moved or restored from "
       "an old copy, put the right ones back; otherwise " +
           repair_advice(role_kind::acceptor));
}

} // namespace pmmc::storage
