// Who is let in when there is too much to do.
#include <gtest/gtest.h>

#include <support/run.hpp>
#include <vector>
#include <veil/async/pause.hpp>
#include <veil/async/task_group.hpp>
#include <veil/http/admission.hpp>
#include <veil/http/router.hpp>

namespace veil::http {
namespace {

using namespace std::chrono_literals;

const auto now = std::chrono::steady_clock::now();

std::vector<admission::place> fill(admission& door, route_load& route, bool first = false) {
    std::vector<admission::place> held;
    while (auto place = door.enter(route, first, now)) held.push_back(std::move(*place));
    return held;
}

TEST(admission, a_share_is_kept_for_what_is_served_first) {
    admission door({.in_flight = 20, .reserved = 5, .unproven = 100});
    route_load common, other, urgent;
    const auto many = fill(door, common);
    EXPECT_EQ(many.size(), 15U);
    EXPECT_FALSE(door.enter(other, false, now)) << "the bound is one for all routes";
    const auto calls = fill(door, urgent, true);
    EXPECT_EQ(calls.size(), 5U);
    EXPECT_EQ(door.in_flight(), 20U);
    EXPECT_EQ(door.refused(), 3U);
}

TEST(admission, what_has_ended_makes_room) {
    admission door({.in_flight = 10, .reserved = 2, .unproven = 100});
    route_load route;
    auto held = fill(door, route);
    held.pop_back();
    EXPECT_TRUE(door.enter(route, false, now));
    held.clear();
    EXPECT_EQ(door.in_flight(), 0U);
    EXPECT_EQ(route.in_flight(), 0U);
}

// A route that ends `count` requests from `from` on; `backlog` more are waiting all the time.
void work(route_load& route, const admission_limits& limits, int count, std::size_t backlog,
          std::chrono::steady_clock::time_point from) {
    while (route.in_flight() < backlog) route.begin();
    route.fitting(limits, from);
    for (int i = 0; i < count; ++i) {
        route.begin();
        route.end(from, from + 100ms);
    }
}

TEST(admission, a_route_gets_as_many_places_as_it_answers_in_time) {
    const admission_limits limits{.in_flight = 1000, .reserved = 10, .wait = 250ms, .least = 2, .unproven = 4};
    admission door(limits);
    route_load fresh, route, other;
    EXPECT_EQ(fill(door, fresh).size(), 4U) << "nothing is known of its speed yet";
    work(route, limits, 400, 0, now);
    std::vector<admission::place> held;
    while (auto place = door.enter(route, false, now + 500ms)) held.push_back(std::move(*place));
    EXPECT_EQ(held.size(), 200U);
    EXPECT_TRUE(door.enter(other, false, now + 500ms)) << "the others do not feel it";
}

TEST(admission, only_who_had_enough_to_do_is_taken_for_slower) {
    const admission_limits limits{.wait = 250ms, .least = 2, .unproven = 4};
    route_load route;
    work(route, limits, 400, 0, now);
    work(route, limits, 10, 0, now + 500ms);
    EXPECT_EQ(route.fitting(limits, now + 1000ms), 200U) << "it was asked for no more";
    EXPECT_EQ(route.fitting(limits, now + 60s), 200U);
    work(route, limits, 40, 5, now + 61s);
    EXPECT_EQ(route.fitting(limits, now + 61'500ms), 20U) << "more were waiting all the time";
    EXPECT_EQ(route.fitting(limits, now + 62s), 2U) << "and now nothing ends any more";
}

TEST(admission, answers_without_a_wait_say_nothing_about_the_speed) {
    const admission_limits limits{.unproven = 4};
    route_load route;
    EXPECT_EQ(route.fitting(limits, now), 4U);
    for (int i = 0; i < 10'000; ++i) {
        route.begin();
        route.end(now, now + 10us);
    }
    EXPECT_EQ(route.fitting(limits, now + 500ms), 4U);
}

class slow_service {
 public:
    awaitable<response> wait() {
        co_await async::pause(200ms);
        co_return response{.body = "{}"};
    }
};

TEST(admission, beyond_it_a_client_is_told_at_once_to_come_back) {
    slow_service service;
    router routes({.load = {.in_flight = 8, .reserved = 2}});
    routes.on("GET", "/slow", service, &slow_service::wait, {.id = "slow", .summary = "s"});
    routes.on("GET", "/call", service, &slow_service::wait, {.id = "call", .summary = "s", .first = true});
    boost::asio::io_context io;
    async::task_group group(io.get_executor());
    std::vector<request> requests(11, request{.method = "GET", .path = "/slow"});
    for (std::size_t i = 8; i < 11; ++i) requests[i].path = "/call";
    std::vector<response> answers(requests.size());
    const auto ask = [&](std::size_t i) -> awaitable<void> { answers[i] = co_await routes.handle(requests[i]); };
    test::run(io, [&]() -> awaitable<void> {
        for (std::size_t i = 0; i < requests.size(); ++i) group.spawn("ask", ask(i));
        co_await group.drained();
    }());
    std::string statuses;
    for (const auto& each : answers) statuses += std::to_string(each.status) + " ";
    EXPECT_EQ(statuses, "200 200 200 200 200 200 503 503 200 200 503 ");
    EXPECT_EQ(answers[6].body, R"({"detail":"Service Unavailable"})");
    EXPECT_EQ(answers[6].headers.front(), (std::pair<std::string, std::string>{"Retry-After", "1"}));
    EXPECT_EQ(routes.load().refused(), 3U);
    EXPECT_EQ(routes.load().in_flight(), 0U);
}

}  // namespace
}  // namespace veil::http
