#include <algorithm>
#include <veil/http/admission.hpp>

namespace veil::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration;

constexpr auto window = 500ms;
constexpr auto at_once = 1ms;  // what is answered sooner waits for nothing, and says nothing about what does

}  // namespace

void route_load::measure(time_point now) {
    if (now - window_ < window) return;
    per_second_ = static_cast<double>(ended_) / duration<double>(now - window_).count();
    ended_ = 0;
    window_ = now;
}

std::size_t route_load::fitting(std::chrono::milliseconds wait, time_point now) {
    measure(now);
    return static_cast<std::size_t>(per_second_ * duration<double>(wait).count());
}

void route_load::end(time_point begun, time_point now) {
    --in_flight_;
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
    const bool fits =
        first || route.in_flight() < limits_.always || route.in_flight() < route.fitting(limits_.wait, now);
    if (in_flight_ < most && fits) return place(*this, route, now);
    ++refused_;
    return std::nullopt;
}

}  // namespace veil::http
