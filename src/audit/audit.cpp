#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>
#include <veil/audit/audit.hpp>
#include <veil/core/json.hpp>

#include "sink.hpp"

namespace veil::audit {
namespace {

std::mutex mutex;  // guards the pointer: the trail may end while a pool thread writes
std::unique_ptr<sink> lines;

// RFC 3339, UTC, with milliseconds.
std::string now() {
    const auto at = std::chrono::system_clock::now();
    const auto whole = std::chrono::system_clock::to_time_t(at);
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count() % 1'000;
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, milliseconds);
}

std::string line_of(const record& r) {
    std::string out = R"({"log":"audit","time":")" + now() + '"';
    const auto add = [&](std::string_view name, std::string_view value) {
        out.append(",\"").append(name).append("\":");
        core::append_quoted(out, value);
    };
    add("event", r.event);
    add("request_id", r.from.request_id);
    add("account", r.account);
    add("address", r.from.address);
    add("outcome", r.outcome);
    add("detail", r.detail);
    return out + "}\n";
}

std::string gap_of(std::size_t lost) {
    const source nobody;
    return line_of({.event = "gap",
                    .from = nobody,
                    .account = {},
                    .outcome = "failed",
                    .detail = std::to_string(lost) + " lines were lost"});
}

}  // namespace

trail::trail(const std::string& where) {
    if (where == "off") return;
    auto made = std::make_unique<sink>(where == "stderr" ? "" : where, gap_of);
    const std::lock_guard lock(mutex);
    lines = std::move(made);
}

trail::~trail() {
    std::unique_ptr<sink> ended;
    const std::lock_guard lock(mutex);
    ended = std::move(lines);
}

void trail::reopen() {
    const std::lock_guard lock(mutex);
    if (lines) lines->reopen();
}

void write(const record& r) {
    const std::lock_guard lock(mutex);
    if (lines) lines->put(line_of(r));
}

action::action(std::string_view event, source from, std::string account, std::string detail)
    : event_(event), from_(std::move(from)), account_(std::move(account)), detail_(std::move(detail)) {}

action::~action() {
    write({.event = event_, .from = from_, .account = account_, .outcome = outcome_, .detail = detail_});
}

}  // namespace veil::audit
