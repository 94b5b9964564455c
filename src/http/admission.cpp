#include <algorithm>
#include <veil/http/admission.hpp>

namespace veil::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration;

constexpr auto window = 500ms;
constexpr auto at_once = 1ms;  // what is answered sooner waits for nothing, and says nothing about what does

}  // namespace

// What ends in a time with enough to do is all that the route can. What ends in another is only what was asked for, and
// says nothing against what it could do before.
void route_load::measure(const admission_limits& limits, time_point now) {
    if (now - window_ < window) return;
    const auto measured = static_cast<double>(ended_) / duration<double>(now - window_).count();
    const bool busy = fewest_ >= limits.least;
    per_second_ = busy ? measured : std::max(per_second_, measured);
    proven_ = proven_ || busy;
    ended_ = 0;
    fewest_ = in_flight_;
    window_ = now;
}

std::size_t route_load::fitting(const admission_limits& limits, time_point now) {
    measure(limits, now);
    const auto in_time = static_cast<std::size_t>(per_second_ * duration<double>(limits.wait).count());
    return std::max(in_time, proven_ ? limits.least : limits.unproven);
}

void route_load::end(time_point begun, time_point now) {
    --in_flight_;
    fewest_ = std::min(fewest_, in_flight_);
    if (now - begun >= at_once) ++ended_;
}

admission::place::place(admission& owner, route_load& route, time_point now)
    : owner_(&owner), route_(&route), begun_(now) {
    ++owner.in_flight_;
    route.begin();
}

admission::place::~place() {
    if (owner_ == nullptr) return;
    --owner_->in_flight_;
    route_->end(begun_, std::chrono::steady_clock::now());
}

std::optional<admission::place> admission::enter(route_load& route, bool first, time_point now) {
    const auto most = limits_.in_flight - (first ? 0 : std::min(limits_.reserved, limits_.in_flight));
    if (in_flight_ < most && (first || route.in_flight() < route.fitting(limits_, now)))
        return place(*this, route, now);
    ++refused_;
    return std::nullopt;
}

}  // namespace veil::http
