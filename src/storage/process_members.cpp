#include "storage/process_members.hpp"

#include "membership/own_facts.hpp"
#include "storage/members_file.hpp"

namespace pmmc::storage {

std::string process_members::add(const data_directory& directory) {
  const auto& info = directory.info();
  if (const auto why = why_other_program(info.facts, own_, config_file_); !why.empty())
    return "the data directory " + directory.path().string() +
           " is not one for this program: " + why;
  ids_ += (ids_.empty() ? "" : " ") + info.id.str();
  if (places_.empty()) {
    facts_ = info.facts;
    known_ = membership{config_history{facts_.first}};
  } else if (const auto differs =
                 why_facts_differ(info.facts, facts_, "in " + places_.front().path.string());
             !differs.empty()) {
    return "the roles " + ids_ +
           " were formatted for different clusters, so they cannot live in one process. Of the "
           "data directory " +
           directory.path().string() + ": " + differs;
  }
  places_.push_back({&directory.files(), directory.path()});
  try {
    const auto remembered = read_members(directory.files(), directory.path());
    if (!remembered)
      return {};
    if (const auto why = why_other_cluster(remembered->identity, known_.identity); !why.empty())
      return "the data directory " + directory.path().string() +
             " does not fit beside the others of this process: " + why;
    known_.learn(*remembered);
    has_heard_ = true;
  } catch (const storage_error& e) {
    damage_.emplace_back(e.what());
  }
  return {};
}

void process_members::remember(const membership& now) const {
  for (const auto& place : places_)
    write_members(*place.on, place.path, now);
}

} // namespace pmmc::storage
