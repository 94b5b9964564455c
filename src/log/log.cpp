#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <veil/core/json.hpp>
#include <veil/log/log.hpp>

namespace veil::log {
namespace {

constexpr std::size_t queue_lines = 4096;

std::shared_ptr<spdlog::async_logger> logger;
format line_format = format::text;

spdlog::level::level_enum native(level at) {
    switch (at) {
        case level::debug:
            return spdlog::level::debug;
        case level::info:
            return spdlog::level::info;
        case level::warn:
            return spdlog::level::warn;
        case level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

void append_value(std::string& out, const field& f) {
    if (const auto* text = std::get_if<std::string_view>(&f.value))
        core::append_quoted(out, *text);
    else if (const auto* integer = std::get_if<std::int64_t>(&f.value))
        out += std::to_string(*integer);
    else
        fmt::format_to(std::back_inserter(out), "{:.3f}", std::get<double>(f.value));
}

void write(level at, std::string_view line) {
    logger->log(native(at), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void start(level minimum, format lines) {
    line_format = lines;
    spdlog::init_thread_pool(queue_lines, 1);
    logger =
        std::make_shared<spdlog::async_logger>("veil", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                               spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
    logger->set_level(native(minimum));
    logger->flush_on(spdlog::level::warn);
    logger->set_pattern(lines == format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%f%z","level":"%l",%v})"
                                              : "%Y-%m-%dT%H:%M:%S.%e%z %-7l %v");
}

void stop() {
    if (logger) logger->flush();
    logger.reset();
    spdlog::shutdown();
}

void set_level(level minimum) {
    if (logger) logger->set_level(native(minimum));
}

bool enabled(level at) noexcept { return logger && logger->should_log(native(at)); }

void event(level at, std::string_view event, std::initializer_list<field> fields) {
    if (!enabled(at)) return;
    std::string line;
    line.reserve(256);
    if (line_format == format::json) {
        line += R"("event":)";
        core::append_quoted(line, event);
        for (const auto& f : fields) {
            line += ',';
            core::append_quoted(line, f.key);
            line += ':';
            append_value(line, f);
        }
    } else {
        line += event;
        for (const auto& f : fields) {
            line += ' ';
            line += f.key;
            line += '=';
            append_value(line, f);
        }
    }
    write(at, line);
}

void message(level at, std::string_view text) {
    if (!enabled(at)) return;
    std::string line;
    if (line_format == format::json) {
        line = R"("message":)";
        core::append_quoted(line, text);
    } else {
        // A line is a line: what came from outside cannot forge a second one.
        for (const char c : text) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    write(at, line);
}

}  // namespace veil::log
