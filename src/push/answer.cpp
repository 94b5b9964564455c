#include "answer.hpp"

#include <algorithm>
#include <charconv>
#include <veil/log/log.hpp>

namespace veil::push {
namespace {

using namespace std::chrono_literals;

constexpr auto queue_limit = 2s;
constexpr std::int64_t longest_pause = 3'600;  // seconds

constexpr metrics::family connected{"veil_push_connected", "Whether there is a connection: 1 or 0."};
constexpr metrics::family queue{"veil_push_queue", "Requests that wait for a stream of a connection."};

outcome failed(result what, const char* reason, bool retry, bool in_doubt) {
    return {.what = what, .reason = reason, .retry = retry, .in_doubt = in_doubt};
}

}  // namespace

client::http2_deadlines deadlines_of(const attempt& a) {
    return {.sent = std::min(std::chrono::steady_clock::now() + queue_limit, a.until), .answered = a.until};
}

void note_on_wire(const attempt& a) {
    if (a.on_wire != nullptr) *a.on_wire = std::chrono::steady_clock::now();
}

void measure_connection(metrics::registry& into, const client::http2_client& connection, const std::string& name) {
    into.on_scrape([&connection, up = into.make_gauge(connected, {{"connection", name}}),
                    waiting = into.make_gauge(queue, {{"connection", name}})]() mutable {
        up.set(connection.connected() ? 1 : 0);
        waiting.set(static_cast<double>(connection.waiting()));
    });
}

std::chrono::milliseconds retry_after(const client::http2_answer& answer) {
    const auto text = answer.header("retry-after");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) return 0ms;
    return std::chrono::seconds(std::min(seconds, longest_pause));
}

std::string percent_encoded(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

outcome from_failure(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const core::overloaded&) {
        return failed(result::throttled, "QueueFull", true, false);
    } catch (const client::not_sent& error) {
        log::info("a push was not sent: {}", error.what());
        return failed(result::unavailable, "NotSent", true, false);
    } catch (const core::timed_out&) {
        return failed(result::unavailable, "NoAnswer", true, true);
    } catch (const core::unavailable&) {
        return failed(result::unavailable, "ConnectionLost", true, true);
    } catch (const boost::system::system_error& error) {
        if (error.code() == boost::asio::error::operation_aborted) throw;
        log::error("a push failed: {}", error.code().message());
        return failed(result::unavailable, "ConnectionLost", true, true);
    } catch (const std::exception& error) {
        log::error("a push failed: {}", error.what());
        return failed(result::rejected, "InternalError", false, false);
    }
}

}  // namespace veil::push
