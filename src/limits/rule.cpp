#include <algorithm>
#include <veil/limits/rule.hpp>

namespace veil::limits {

using std::chrono::microseconds;
using std::chrono::seconds;

verdict taken(std::string_view policy, const rule& under, microseconds level) {
    const auto used = (level + under.interval - microseconds(1)) / under.interval;
    const auto left = std::max<std::int64_t>(under.burst - used, 0);
    const auto next = left > 0 ? level : wait_at(under, level);
    return {
        .policy = policy, .under = under, .allowed = true, .remaining = left, .seconds = whole_seconds(next).count()};
}

verdict refused(std::string_view policy, const rule& under, seconds wait) {
    return {.policy = policy, .under = under, .allowed = false, .remaining = 0, .seconds = wait.count()};
}

microseconds wait_at(const rule& under, microseconds level) {
    return std::max(level - under.interval * (under.burst - 1), microseconds(0));
}

seconds whole_seconds(microseconds time) { return std::max(std::chrono::ceil<seconds>(time), seconds(1)); }

std::string policy_field(const verdict& of) {
    const auto window = whole_seconds(of.under.interval * of.under.burst);
    return '"' + std::string(of.policy) + "\";q=" + std::to_string(of.under.burst) +
           ";w=" + std::to_string(window.count());
}

std::string limit_field(const verdict& of) {
    return '"' + std::string(of.policy) + "\";r=" + std::to_string(of.remaining) + ";t=" + std::to_string(of.seconds);
}

}  // namespace veil::limits
