// The name of a type as clients see it: veil::account::credentials is "account.credentials". Any thread.
#pragma once

#include <string>
#include <string_view>

namespace veil::core {

// "veil::account::credentials" to "account.credentials", as Clang and GCC write names; unnamed namespaces are left out.
std::string dotted_name(std::string_view cpp_name);

template <class T>
std::string type_name() {
    // Both compilers end with the argument: "... [T = veil::account::credentials]", GCC with "[with T = ...]".
    constexpr std::string_view text = __PRETTY_FUNCTION__;
    constexpr std::string_view mark = "T = ";
    constexpr auto begin = text.find(mark) + mark.size();
    return dotted_name(text.substr(begin, text.find_first_of("];", begin) - begin));
}

}  // namespace veil::core
