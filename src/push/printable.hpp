// Text from outside, as people see it in a terminal. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace veil::push {

// A device's name or a call's id is somebody's choice: nothing of it may move the cursor of whoever reads it. Control
// characters, those behind ASCII included, become question marks.
std::string printable(std::string_view text);

}  // namespace veil::push
