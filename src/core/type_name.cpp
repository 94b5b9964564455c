#include <veil/core/type_name.hpp>

namespace veil::core {

std::string dotted_name(std::string_view cpp_name) {
    static constexpr std::string_view separator = "::";
    std::string out;
    while (!cpp_name.empty()) {
        const auto end = cpp_name.find(separator);
        const auto part = cpp_name.substr(0, end);
        cpp_name = end == std::string_view::npos ? std::string_view() : cpp_name.substr(end + separator.size());
        if (part == "(anonymous namespace)" || part == "{anonymous}" ||
            (out.empty() && part == "veil" && !cpp_name.empty()))
            continue;
        if (!out.empty()) out += '.';
        out += part;
    }
    return out;
}

}  // namespace veil::core
