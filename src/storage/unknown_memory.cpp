#include "storage/unknown_memory.hpp"

#include "storage/data_directory.hpp"

namespace pmmc::storage {

namespace {

std::string name_of(voter whose) { return whose == voter::acceptor ? "acceptor" : "server"; }

std::string_view deeds_of(voter whose) {
  switch (whose) {
  case voter::acceptor:
    return " has promised";
  case voter::server:
    return " has voted for and written down";
  case voter::simple_server:
    break;
  }
  return " has promised and accepted";
}

std::string unknown(std::string_view who, voter whose) {
  return "what " + std::string{who}.append(deeds_of(whose)) + " is UNKNOWN, so it must not vote. ";
}

constexpr std::string_view replace_it =
    "eplace it by one with another id (docs/RECONFIGURATION.md, \"replace a dead machine\")";

/// What to do for a role, called `who`, whose data is gone, as long as it is not replaced.
std::string leave_down(std::string_view who, std::string_view harm) {
  return "leave this " + std::string{who} +
         " down: the others go on while a majority is up. It must not be formatted again under its "
         "id, or " +
         std::string{harm};
}

std::string otherwise(voter whose) {
  switch (whose) {
  case voter::acceptor:
    return "; otherwise " + repair_advice(role_kind::acceptor);
  case voter::server:
    return "; otherwise " + replacement_advice(name_of(whose), "it would forget its votes");
  case voter::simple_server:
    break;
  }
  return "; otherwise " + leave_down(name_of(whose), "it would forget its promises") +
         ". No other server can take its place: those of engine `simple` never change";
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
  return leave_down(who, harm) + ". R" + std::string{replace_it};
}

std::string server_advice() {
  return leave_down("server", "it would forget its votes") + ". With engine `raft`, r" +
         std::string{replace_it} + "; those of engine `simple` never change";
}

} // namespace pmmc::storage
