// One log for the process: lines on stderr, as text or JSON, written by a background thread behind a bounded queue that
// drops the oldest lines rather than ever blocking a request. Any thread. Never pass a secret, a token or a full JID.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <variant>

namespace veil::log {

enum class level { debug, info, warn, error };
enum class format { text, json };

// Starts the log; before it, and after stop(), lines are lost.
void start(level minimum, format lines);

// Writes what is queued and ends the background thread.
void stop();

bool enabled(level at) noexcept;

// Changes the least important level that is logged.
void set_level(level minimum);

struct field {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, double> value;
};

// One structured line: `event` with its fields, in their order.
void event(level at, std::string_view event, std::initializer_list<field> fields);

// One line of prose.
void message(level at, std::string_view text);

template <class... A>
void info(fmt::format_string<A...> text, A&&... args) {
    if (enabled(level::info)) message(level::info, fmt::format(text, std::forward<A>(args)...));
}
template <class... A>
void warn(fmt::format_string<A...> text, A&&... args) {
    if (enabled(level::warn)) message(level::warn, fmt::format(text, std::forward<A>(args)...));
}
template <class... A>
void error(fmt::format_string<A...> text, A&&... args) {
    if (enabled(level::error)) message(level::error, fmt::format(text, std::forward<A>(args)...));
}

}  // namespace veil::log
