// A request as the router and the extractors see it, and the answer they give. Nothing of Beast. I/O thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <veil/limits/rule.hpp>

namespace veil::http {

struct request {
    std::string method;
    std::string path;   // percent-encoded, without the query
    std::string query;  // without the question mark
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string peer;                      // IP address of the client; the session's, corrected by the router
    std::string id;                        // X-Request-Id, set by the router
    std::vector<std::string> parameters;   // decoded path parameters in the order of the route's pattern
    std::optional<limits::verdict> limit;  // what the rate limit said of it, if one applied

    // The first header of that name (any case), or an empty text.
    std::string_view header(std::string_view name) const noexcept;

    // Empties everything but keeps the memory, for the next request of a connection.
    void clear() noexcept;
};

struct response {
    int status = 200;
    std::string body;
    std::string_view fixed_body = {};  // sent instead of `body`, and not copied: it outlives the server
    std::string_view content_type = "application/json";  // of a body; a literal
    bool cacheable = false;                              // without it the answer says Cache-Control: no-store
    std::vector<std::pair<std::string, std::string>> headers;
};

// A rendered T made before, for example at start-up, that may be cached.
template <class T>
struct prepared_json {
    std::string text;
};

// Wraps the value of a handler that answers 201 instead of 200.
template <class T>
struct created {
    T value;
};

// Wraps the value of a handler that chooses among these statuses.
template <class T, int... Statuses>
struct with_status {
    int status;
    T value;
};

// The reason phrase of a status that we send (RFC 9110, section 15).
std::string_view reason_phrase(int status) noexcept;

}  // namespace veil::http
