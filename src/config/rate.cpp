#include "rate.hpp"

#include <charconv>
#include <veil/core/ascii.hpp>

namespace veil::config {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t most = 1'000'000;

[[noreturn]] void refuse() {
    throw std::invalid_argument("is neither 0 nor a rate such as 10/m,burst=20 (units s, m, h, d; numbers to 1000000)");
}

// Takes a number from the front.
std::int64_t take_number(std::string_view& text) {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || out < 0 || out > most) refuse();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return out;
}

std::chrono::seconds unit_of(char letter) {
    switch (letter) {
        case 's':
            return 1s;
        case 'm':
            return 60s;
        case 'h':
            return 3'600s;
        case 'd':
            return 86'400s;
        default:
            refuse();
    }
}

}  // namespace

rate parse_rate(std::string_view text) {
    constexpr std::string_view burst = ",burst=";
    text = core::trim(text);
    rate out{.count = take_number(text)};
    if (out.count == 0 && text.empty()) return out;
    if (text.size() < 2 || text.front() != '/') refuse();
    out.per = unit_of(text[1]);
    out.burst = out.count;
    text.remove_prefix(2);
    if (text.starts_with(burst)) {
        text.remove_prefix(burst.size());
        out.burst = take_number(text);
    }
    if (!text.empty() || out.count == 0 || out.burst == 0) refuse();
    return out;
}

}  // namespace veil::config
