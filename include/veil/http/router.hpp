// Finds the handler of a request, gives the request its id, turns what a handler throws into an answer (the one catch
// ladder), and writes the one log line a request. Routes are added at start and never change. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <typeindex>
#include <unordered_map>
#include <vector>
#include <veil/http/extract.hpp>
#include <veil/http/message.hpp>
#include <veil/http/operation.hpp>

namespace veil::http {

using boost::asio::awaitable;

template <class T>
response to_response(T&& value, int status = 200) {
    return {.status = status, .body = core::render(value)};
}
inline response to_response(response value) { return value; }
template <class T>
response to_response(prepared_json<T> value) {
    return {.body = std::move(value.text), .cacheable = true};
}
template <class T>
response to_response(created<T> value) {
    return to_response(std::move(value.value), 201);
}
template <class T, int... Statuses>
response to_response(with_status<T, Statuses...> value) {
    if (((value.status != Statuses) && ...)) throw std::logic_error("a handler chose a status that it does not name");
    return to_response(std::move(value.value), value.status);
}

class router {
 public:
    using handler = std::function<awaitable<response>(const request&)>;

    // cors_origins: origins that browsers may call from; "*" for all; empty: no CORS headers at all.
    explicit router(std::vector<std::string> cors_origins = {});

    // Makes a service known to the extractors of the routes added after it.
    template <class T>
    void provide(T& service) {
        provided_.emplace_back(typeid(T), &service);
    }

    // Adds a route, for example on("GET", "/api/v1/groups/{group_id}/members", groups, &service::members, {...}). The
    // member function's signature is its contract: parameters are extracted in order, the result is the body of the
    // answer. No route goes without a word about itself.
    template <class S, class R, class... A>
    void on(std::string_view method, std::string_view pattern, S& service, awaitable<R> (S::*member)(A...),
            const about& says) {
        static_assert(in_order<std::decay_t<A>...>(), "handler parameters must be in the order auth, path, body");
        const auto info = describe(pattern, says);
        std::tuple<extract<std::decay_t<A>>...> extractors{extract<std::decay_t<A>>(info)...};
        auto entry = document(method, info, result<R>::of(says));
        std::apply([&](const auto&... each) { (each.describe(entry), ...); }, extractors);
        add(std::move(entry),
            [&service, member, extractors = std::move(extractors)](const request& r) -> awaitable<response> {
                auto arguments = std::apply(
                    [&](const auto&... take) { return std::tuple<std::decay_t<A>...>{take(r)...}; }, extractors);
                auto call = [&](auto&... argument) { return (service.*member)(std::move(argument)...); };
                co_return to_response(co_await std::apply(call, arguments));
            });
    }

    // What the routes say about themselves, in the order they were added.
    const std::vector<operation>& operations() const noexcept { return operations_; }

    // Answers a request; never throws. Sets r.id.
    awaitable<response> handle(request& r);

    // The answer to a request that the session refuses before it is routed, with the same headers and log line.
    response refuse(request& r, int status, std::string_view detail);

 private:
    struct route {
        std::string pattern;
        std::vector<std::string> segments;                     // "{name}" for a parameter
        std::map<std::string, handler, std::less<>> handlers;  // by method
        std::string allow;
        const handler* find(std::string_view method) const;
    };
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    template <class... T>
    static constexpr bool in_order() {
        stage last = stage::auth;
        return ((extract<T>::order >= last ? (last = extract<T>::order, true) : false) && ...);
    }

    route& place_of(std::string_view pattern);
    void add(operation entry, handler h);
    static operation document(std::string_view method, const route_info& info, std::vector<success> successes);
    route_info describe(std::string_view pattern, const about& says) const;
    const route* match(std::string_view path, std::vector<std::string>& parameters) const;
    awaitable<response> dispatch(const request& r, const route* matched);
    response without_handler(const request& r, const route* matched) const;
    void add_cors(const request& r, const route* matched, response& out) const;
    void log(const request& r, const route* matched, const response& out, double milliseconds) const;

    std::vector<std::string> cors_origins_;
    std::vector<std::pair<std::type_index, void*>> provided_;
    std::vector<operation> operations_;
    std::unordered_map<std::string, route, text_hash, std::equal_to<>> fixed_;  // patterns without parameters, by path
    std::vector<route> parametric_;
};

}  // namespace veil::http
