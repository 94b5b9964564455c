// One route as /openapi.json shows it: what `about` says, what the handler's parameters add (extract<T>::describe), and
// what its result type adds (result<R>). Made when the route is added, kept by the router. I/O thread only.
#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <veil/core/errors.hpp>
#include <veil/core/schema.hpp>
#include <veil/http/about.hpp>
#include <veil/http/message.hpp>

namespace veil::http {

// How a caller proves who he is (OpenAPI 3.1, Security Scheme Object). The texts are literals.
struct security_scheme {
    std::string_view name;
    std::string_view definition;  // JSON
    bool challenges = false;      // whether its 401 has the header WWW-Authenticate
};

// An answer of the handler: of this status, with a body of this media type. Without a schema it is any such body.
struct success {
    int status;
    std::string_view content;
    const core::schema* body = nullptr;
};

struct operation {
    std::string method;
    std::string pattern;
    http::about about;
    const security_scheme* security = nullptr;
    const core::schema* body = nullptr;
    bool validates = false;               // whether fields or path parameters are checked: 422
    std::vector<core::failure> failures;  // what the extractors may answer; the handler's are in `about`
    std::vector<success> successes;
};

inline constexpr std::string_view json_media = "application/json";

// What a handler's result type R says: of(about) lists its answers.
template <class R>
struct result {
    static_assert(core::dto<R>, "a handler returns a DTO or one of the wrappers in http/message.hpp");
    static_assert(core::is_complete<R>(), "an answer has every field: its field table has no defaults");
    static std::vector<success> of(const about&) { return {{200, json_media, &core::schema_of<R>}}; }
};

template <>
struct result<response> {
    static std::vector<success> of(const about& says) { return {{200, says.content}}; }
};

template <class T>
struct result<prepared_json<T>> : result<T> {};

template <class T>
struct result<created<T>> {
    static std::vector<success> of(const about& says) {
        auto all = result<T>::of(says);
        all.front().status = 201;
        return all;
    }
};

template <class T, int... Statuses>
struct result<with_status<T, Statuses...>> {
    static std::vector<success> of(const about& says) {
        const auto one = result<T>::of(says).front();
        return {success{Statuses, one.content, one.body}...};
    }
};

}  // namespace veil::http
