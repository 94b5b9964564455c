// Any text as the target of a request: it reaches the handler of its pattern with decoded parameters, or 404; a
// redirection leads to a path of ours, and once.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <http/target.hpp>
#include <optional>
#include <string>
#include <veil/core/utf8.hpp>
#include <veil/http/router.hpp>

#include "fuzz.hpp"

using veil::fuzz::demand;

namespace {

using boost::asio::awaitable;

struct nothing {
    static constexpr auto fields() { return std::tuple{}; }
};

// The handlers of all patterns: what came is what was asked for.
struct places {
    std::vector<std::string> seen;
    awaitable<nothing> plain() { co_return nothing{}; }
    awaitable<nothing> one(veil::http::path<"id"> id) {
        seen = {id.value};
        co_return nothing{};
    }
    awaitable<nothing> two(veil::http::path<"id"> id, veil::http::path<"part"> part) {
        seen = {id.value, part.value};
        co_return nothing{};
    }
};

places handlers;
struct served : veil::http::router {
    served() {
        on("GET", "/api/items", handlers, &places::plain, {.id = "list", .summary = "list"});
        on("GET", "/", handlers, &places::plain, {.id = "root", .summary = "root"});
        on("GET", "/api/items/{id}", handlers, &places::one, {.id = "item", .summary = "item"});
        on("GET", "/api/items/{id}/parts/{part}", handlers, &places::two, {.id = "part", .summary = "part"});
    }
} routes;

veil::http::response ask(std::string_view target, std::string_view id) {
    const auto parts = veil::http::parse_target(target);
    veil::http::request request{.method = "GET", .path = std::string(parts.path), .query = std::string(parts.query)};
    request.headers.emplace_back("X-Request-Id", id);
    std::optional<veil::http::response> answer;
    boost::asio::io_context io;
    boost::asio::co_spawn(io, routes.handle(request), [&](std::exception_ptr error, veil::http::response got) {
        demand(error == nullptr);
        answer = std::move(got);
    });
    io.run();
    demand(!request.id.empty() && request.id.size() <= 128);
    demand(std::ranges::all_of(request.id, [](char c) { return c > ' ' && c <= '~'; }));
    return std::move(*answer);
}

std::string location(const veil::http::response& answer) {
    for (const auto& [name, value] : answer.headers)
        if (name == "Location") return value;
    return {};
}

// Every parameter, written out again with all of it escaped, is the same parameter.
void check_parameters(const std::vector<std::string>& seen) {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (const auto& value : seen) {
        demand(!value.empty() && !value.contains('\0') && veil::core::is_utf8(value));
        std::string escaped;
        for (const char c : value)
            escaped += {'%', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
        demand(veil::http::percent_decode(escaped) == value);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    veil::fuzz::input input(data, size);
    const auto id = input.line();
    const auto target = input.line();
    handlers.seen.clear();
    const auto answer = ask(target, id);
    check_parameters(handlers.seen);
    demand(answer.status == 200 || answer.status == 307 || answer.status == 404);
    if (answer.status != 307) return 0;
    const auto to = location(answer);
    demand(to.starts_with("/") && !to.starts_with("//"));
    demand(ask(to, id).status == 200);
    return 0;
}
