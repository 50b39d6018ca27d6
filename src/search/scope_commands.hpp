// What is proposed in a scope.
#pragma once

#include "search/scope.hpp"

#include <vector>

namespace pmmc::search {

/// What leader `number` is proposed for a slot, if it is not what another one is: "A1", "B1". Where
/// replicas perform it, it is a batch, as replicas make it, with a change of the members if the
/// scope has one for that slot, or else with that operation.
command own_command(const scope& s, unsigned number, slot_num slot);

/// What is to be decided in slots 1, 2, … for the configurations behind the first: what l1 is
/// proposed there.
std::vector<command> reconfigurations_of(const scope& s);
/// The version of the latest configuration where these were `performed`, from slot 1 on.
config_version latest_of(const std::vector<command>& changes,
                         const std::vector<command>& performed);

} // namespace pmmc::search
