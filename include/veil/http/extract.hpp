// Extractors: every parameter of a handler is built from the request before the handler runs. extract<T> is the one
// customisation point; it is made once a route, when the route is added, tells /openapi.json what it checks, and is
// called once a request. Its `stage` keeps the contract's order of checks: a handler's parameters must be in the order
// auth, path, body. I/O thread only.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>
#include <veil/core/fields.hpp>
#include <veil/http/about.hpp>
#include <veil/http/message.hpp>
#include <veil/http/operation.hpp>

namespace veil::http {

enum class stage { auth, path, body };

// What an extractor may look at when its route is added.
struct route_info {
    std::string_view pattern;
    std::vector<std::string> parameters;  // names in the order of the pattern
    const http::about* about = nullptr;
    const std::vector<std::pair<std::type_index, void*>>* provided = nullptr;

    // A service that the composition root gave to router::provide; missing ones are a bug found at start.
    template <class T>
    T& service() const {
        for (const auto& [type, pointer] : *provided)
            if (type == typeid(T)) return *static_cast<T*>(pointer);
        throw std::logic_error("a route needs a service that was not provided");
    }
};

template <class T>
struct extract;

// The name of a path parameter as a template argument.
template <std::size_t N>
struct parameter_name {
    char text[N];
    constexpr parameter_name(const char (&from)[N]) { std::copy_n(from, N, text); }
};

// A handler parameter http::path<"group_id"> receives the segment {group_id} of the route.
template <parameter_name Name>
struct path {
    std::string value;
};

// The rule that the route's `about` gives a path parameter, or null.
const core::rules* rule_of(const route_info& route, std::string_view parameter);

template <parameter_name Name>
struct extract<path<Name>> {
    static constexpr stage order = stage::path;
    explicit extract(const route_info& route) {
        const auto it = std::ranges::find(route.parameters, std::string_view(Name.text));
        if (it == route.parameters.end()) throw std::logic_error("a handler names a path parameter its route lacks");
        index_ = static_cast<std::size_t>(it - route.parameters.begin());
        rule_ = rule_of(route, Name.text);
    }
    path<Name> operator()(const request& r) const {
        const auto& value = r.parameters[index_];
        if (rule_ != nullptr) core::check_path_text(value, Name.text, *rule_);
        return {value};
    }
    void describe(operation& into) const { into.validates = into.validates || rule_ != nullptr; }

 private:
    std::size_t index_;
    const core::rules* rule_;
};

// Throws api_error 422 when a non-empty body is declared as something else than JSON.
void check_content_type(const request& r);

template <core::dto T>
struct extract<T> {
    static constexpr stage order = stage::body;
    explicit extract(const route_info& route) : accepts_(route.about->accepts) {}
    T operator()(const request& r) const {
        if (accepts_ == body_type::json) check_content_type(r);
        return core::parse<T>(r.body);
    }
    void describe(operation& into) const {
        into.body = &core::schema_of<T>;
        into.validates = true;
    }

 private:
    body_type accepts_;
};

}  // namespace veil::http
