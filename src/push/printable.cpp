#include "printable.hpp"

namespace veil::push {

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        // U+0080 to U+009F are two bytes in UTF-8.
        const bool late_control = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        out += c < 0x20 || c == 0x7f || late_control ? '?' : text[i];
        if (late_control) ++i;
    }
    return out;
}

}  // namespace veil::push
