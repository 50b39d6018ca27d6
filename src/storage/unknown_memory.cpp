#include "storage/unknown_memory.hpp"

#include "storage/data_directory.hpp"

namespace pmmc::storage {

namespace {

std::string name_of(voter whose) { return whose == voter::acceptor ? "acceptor" : "server"; }

std::string unknown(std::string_view who, voter whose) {
  const auto did = whose == voter::acceptor ? " has promised" : " has voted for and written down";
  return "what " + std::string{who} + did + " is UNKNOWN, so it must not vote. ";
}

std::string otherwise(voter whose) {
  return "; otherwise " + (whose == voter::acceptor
                               ? repair_advice(role_kind::acceptor)
                               : replacement_advice(name_of(whose), "it would forget its votes"));
}

} // namespace

void refuse_memory(voter whose, const std::filesystem::path& path, std::string_view how) {
  fail("recover the " + name_of(whose) + " from", path, how,
       unknown("it", whose) +
           "If files were moved or restored from an old copy, put the right ones back" +
           otherwise(whose));
}

void refuse_mark(voter whose, const std::filesystem::path& path, std::string_view how) {
  fail("use", path, how,
       unknown("this " + name_of(whose), whose) + "If the file is only misplaced, put it back" +
           otherwise(whose));
}

std::string replacement_advice(std::string_view who, std::string_view harm) {
  return "leave this " + std::string{who} +
         " down: the others go on while a majority is up. It must not be formatted again under its "
         "id, or " +
         std::string{harm} +
         ". Replace it by one with another id (docs/RECONFIGURATION.md, \"replace a dead "
         "machine\")";
}

} // namespace pmmc::storage
