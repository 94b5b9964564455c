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
#include <veil/http/admission.hpp>
#include <veil/http/extract.hpp>
#include <veil/http/message.hpp>
#include <veil/http/operation.hpp>
#include <veil/http/proxies.hpp>
#include <veil/http/request_meters.hpp>
#include <veil/limits/gate.hpp>

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

struct router_options {
    std::vector<std::string> cors_origins = {};  // that browsers may call from; "*" for all; empty: no CORS headers
    proxies trusted_proxies = proxies();
    limits::gate* rate_limits = nullptr;  // null: there are none
    admission_limits load = {};
};

class router {
 public:
    using handler = std::function<awaitable<response>(request&)>;

    explicit router(router_options with = {});
    router(const router&) = delete;
    router& operator=(const router&) = delete;

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
            [this, &service, member, limit = says.limit,
             extractors = std::move(extractors)](request& r) -> awaitable<response> {
                counter count(*this, r, limit);
                auto arguments = std::apply(
                    [&](const auto&... take) { return std::tuple<std::decay_t<A>...>{count.extracted(take)...}; },
                    extractors);
                count.once();
                auto call = [&](auto&... argument) { return (service.*member)(std::move(argument)...); };
                co_return to_response(co_await std::apply(call, arguments));
            });
    }

    // Counts requests from now on; listener: a literal, the name of the server whose routes these are.
    void measure(metrics::registry& into, std::string_view listener) { meters_.measure(into, listener, load_); }

    // What the routes say about themselves, in the order they were added.
    const std::vector<operation>& operations() const noexcept { return operations_; }

    // What is in flight, and how much was refused because of it.
    const admission& load() const noexcept { return load_; }

    // Answers a request; never throws. Sets r.id, and r.peer to the client's address behind trusted proxies.
    awaitable<response> handle(request& r);

    // The answer to a request that the session refuses before it is routed, with the same headers and log line.
    response refuse(request& r, int status, std::string_view detail);

 private:
    struct endpoint {
        handler call;
        bool first = false;
        mutable route_load load = {};
    };
    struct route {
        std::string pattern;
        std::vector<std::string> segments;                      // "{name}" for a parameter
        std::map<std::string, endpoint, std::less<>> handlers;  // by method
        std::string allow;
        mutable route_meters meters;
        const endpoint* find(std::string_view method) const;
    };

    // Counts a request against its rate limit, once: behind the check of who asks, before anything else is looked at. A
    // check that fails counts by address, whatever the class.
    class counter {
     public:
        counter(const router& owner, request& r, limits::route_class limit) : owner_(owner), r_(r), limit_(limit) {}

        // What an extractor makes of the request.
        template <class T>
        T extracted(const extract<T>& take) {
            if constexpr (extract<T>::order != stage::auth) {
                once();
                return take(r_);
            } else {
                try {
                    T value = take(r_);
                    if constexpr (requires { take.account(value); }) once(take.account(value));
                    return value;
                } catch (const core::api_error& error) {
                    if (error.status() == unauthorized) count(limits::route_class::usual, {});
                    throw;
                }
            }
        }
        void once(std::string_view account = {});

     private:
        static constexpr int unauthorized = 401;
        void count(limits::route_class as, std::string_view account);

        const router& owner_;
        request& r_;
        limits::route_class limit_;
        bool counted_ = false;
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
    void add(operation says, handler h);
    static operation document(std::string_view method, const route_info& info, std::vector<success> successes);
    route_info describe(std::string_view pattern, const about& says) const;
    const route* match(std::string_view path, std::vector<std::string>& parameters) const;
    awaitable<response> dispatch(request& r, const route* matched);
    response without_handler(request& r, const route* matched) const;
    response misdirected(const request& r, const route* matched) const;
    void add_cors(const request& r, const route* matched, response& out) const;
    void note(const request& r, const route* matched, const response& out, double milliseconds);

    router_options with_;
    admission load_;
    std::vector<std::pair<std::type_index, void*>> provided_;
    std::vector<operation> operations_;
    std::unordered_map<std::string, route, text_hash, std::equal_to<>> fixed_;  // patterns without parameters, by path
    std::vector<route> parametric_;
    request_meters meters_;
};

}  // namespace veil::http
