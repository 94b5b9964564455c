#include "webhook_story.hpp"

#include <veil/log/log.hpp>

#include "printable.hpp"

namespace veil::push {
namespace {

std::int64_t in_milliseconds(std::chrono::nanoseconds time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

std::string_view event_of(const webhook_record& row) {
    return row.kind == message::kind::cancel ? "call-cancel" : "call-notify";
}

}  // namespace

webhook_story::webhook_story(recorder& into, meters& counts, webhook_record about)
    : recorder_(into), meters_(counts), row_(std::move(about)) {
    row_.at = in_milliseconds(std::chrono::system_clock::now().time_since_epoch());
    log::event(log::level::info, event_of(row_),
               {{"call_id", printable(row_.call_id)}, {"request_id", row_.request_id}, {"reason", row_.reason}});
}

webhook_story::~webhook_story() {
    row_.answered_ms = milliseconds();
    if (row_.kind == message::kind::call) meters_.wake(row_.result);
    log::event(log::level::info, event_of(row_),
               {{"call_id", printable(row_.call_id)},
                {"request_id", row_.request_id},
                {"answer", row_.result},
                {"sent", row_.sent},
                {"ms", row_.answered_ms}});
    recorder_.add(std::move(row_));
}

void webhook_story::claimed(std::size_t devices) {
    row_.devices = static_cast<std::int64_t>(devices);
    row_.claimed_ms = milliseconds();
    log::event(log::level::info, event_of(row_),
               {{"call_id", printable(row_.call_id)},
                {"request_id", row_.request_id},
                {"claimed", row_.devices},
                {"ms", *row_.claimed_ms}});
}

void webhook_story::answered(std::string_view result, std::int64_t sent) {
    row_.result = result;
    row_.sent = sent;
}

std::int64_t webhook_story::milliseconds() const {
    return in_milliseconds(std::chrono::steady_clock::now() - began_at_);
}

}  // namespace veil::push
