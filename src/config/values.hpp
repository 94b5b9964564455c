// A variable's value, from the environment or from the file that NAME_FILE names, and the rules that hold for several
// variables together.
#pragma once

#include <string>
#include <vector>
#include <veil/config/config.hpp>

#include "variables.hpp"

namespace veil::config {

bool can_be_in_file(const variable& v);

// NAME_FILE
std::string file_variable(const variable& v);

// Reads one variable into `s`; adds what is wrong to `faults`, and what an operator should know to s.warnings.
void read(const variable& v, settings& s, const environment& env, std::vector<std::string>& faults);

// The rules of a pair of secrets; those that sign must be strong.
enum class strength { any, strong };
void check_pair(std::string_view name, const core::secret_pair& pair, strength wanted, settings& s,
                std::vector<std::string>& faults);

void check_database(const settings& s, std::vector<std::string>& faults);
void check_ejabberd(const settings& s, std::vector<std::string>& faults);

}  // namespace veil::config
