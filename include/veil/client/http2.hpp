// What goes into an HTTP/2 exchange and what comes out. Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <veil/core/secret.hpp>

namespace veil::client {

struct http2_header {
    std::string_view name;  // lower case, a literal
    std::string value;
    bool repeats = true;  // false: differs in every request, so it gets no place in the header table (RFC 7541, 6.2.3)
};

// A POST; the only method that push providers know.
struct http2_request {
    std::string path;
    std::vector<http2_header> headers;
    std::shared_ptr<const core::secret> authorization;  // the header's value, shared by many requests; may be null
    std::string body;
};

struct http2_answer {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    // The first header of that lower-case name, or an empty text.
    std::string_view header(std::string_view name) const noexcept {
        for (const auto& [key, value] : headers)
            if (key == name) return value;
        return {};
    }
};

}  // namespace veil::client
