#include <algorithm>
#include <chrono>
#include <set>
#include <veil/core/errors.hpp>
#include <veil/core/uuid.hpp>
#include <veil/http/router.hpp>
#include <veil/log/log.hpp>

#include "target.hpp"

namespace veil::http {
namespace {

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

bool is_request_id(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, allowed);
}

std::string choose_id(const request& r) {
    const auto given = r.header("X-Request-Id");
    return is_request_id(given) ? std::string(given) : core::uuid4();
}

response failure(const core::api_error& error) {
    response out{.status = error.status(), .body = error.body()};
    const auto& [name, value] = error.extra_header();
    if (!name.empty()) out.headers.emplace_back(name, value);
    return out;
}

response plain_failure(int status) { return failure(core::api_error(status, reason_phrase(status))); }

// Something of ours is full.
response too_much() {
    auto out = plain_failure(503);
    out.headers.emplace_back("Retry-After", "1");
    return out;
}

// What the rate limit said of a request, for its client (draft-ietf-httpapi-ratelimit-headers-10).
void add_limit(const request& r, response& out) {
    if (!r.limit) return;
    out.headers.emplace_back("RateLimit-Policy", limits::policy_field(*r.limit));
    out.headers.emplace_back("RateLimit", limits::limit_field(*r.limit));
    if (!r.limit->allowed) out.headers.emplace_back("Retry-After", std::to_string(r.limit->seconds));
}

// The cause goes to the log with the request's id, and never to the client.
void log_cause(const request& r, log::level at, std::string_view cause) {
    log::event(at, "failure", {{"request_id", r.id}, {"cause", cause}});
}

// The one place where exceptions become answers.
response from_exception(const request& r, const std::exception_ptr& thrown, request_meters& meters) {
    try {
        std::rethrow_exception(thrown);
    } catch (const core::api_error& error) {
        if (!error.cause().empty()) log_cause(r, log::level::warn, error.cause());
        return failure(error);
    } catch (const core::overloaded& error) {
        meters.overloaded();
        log_cause(r, log::level::warn, error.what());
        return too_much();
    } catch (const core::timed_out& error) {
        log_cause(r, log::level::warn, error.what());
        return plain_failure(504);
    } catch (const core::unavailable& error) {
        log_cause(r, log::level::warn, error.what());
        return plain_failure(503);
    } catch (const core::refused& error) {
        log_cause(r, log::level::error, error.what());
        return plain_failure(502);
    } catch (const std::exception& error) {
        log_cause(r, log::level::error, error.what());
        return plain_failure(500);
    }
}

}  // namespace

router::router(router_options with) : with_(std::move(with)), load_(with_.load) {}

const router::endpoint* router::route::find(std::string_view method) const {
    auto it = handlers.find(method);
    if (it == handlers.end() && method == "HEAD") it = handlers.find("GET");
    return it == handlers.end() ? nullptr : &it->second;
}

void router::counter::once(std::string_view account) {
    if (std::exchange(counted_, true)) return;
    count(limit_, account);
}

void router::counter::count(limits::route_class as, std::string_view account) {
    if (owner_.with_.rate_limits == nullptr || limit_ == limits::route_class::unlimited) return;
    r_.limit = owner_.with_.rate_limits->take(as, r_.peer, account);
    if (r_.limit && !r_.limit->allowed) throw core::api_error(limits::too_many_requests);
}

route_info router::describe(std::string_view pattern, const about& says) const {
    route_info info{.pattern = pattern, .parameters = {}, .about = &says, .provided = &provided_};
    for (const auto& segment : split_path(pattern))
        if (is_parameter(segment)) info.parameters.push_back(segment.substr(1, segment.size() - 2));
    return info;
}

operation router::document(std::string_view method, const route_info& info, std::vector<success> successes) {
    operation out{.method = std::string(method),
                  .pattern = std::string(info.pattern),
                  .about = *info.about,
                  .successes = std::move(successes)};
    for (const auto& told : out.about.parameters)
        if (std::ranges::find(info.parameters, told.name) == info.parameters.end())
            throw std::logic_error("a route tells of a path parameter it lacks");
    // A segment that is empty or no text names nothing.
    if (!info.parameters.empty()) out.failures.push_back({404, reason_phrase(404)});
    return out;
}

router::route& router::place_of(std::string_view pattern) {
    if (!pattern.contains('{')) return fixed_[std::string(pattern)];
    const auto it = std::ranges::find(parametric_, pattern, &route::pattern);
    return it == parametric_.end() ? parametric_.emplace_back() : *it;
}

void router::add(operation says, handler h) {
    const auto same_id = [&](const operation& other) { return other.about.id == says.about.id; };
    if (std::ranges::any_of(operations_, same_id)) throw std::logic_error("two routes have the same id");
    auto& target = place_of(says.pattern);
    target.pattern = says.pattern;
    target.segments = split_path(says.pattern);
    if (!target.handlers.try_emplace(says.method, std::move(h), says.about.first).second)
        throw std::logic_error("a route is there twice");

    std::set<std::string_view> methods{"OPTIONS"};
    for (const auto& [name, _] : target.handlers) methods.insert(name);
    if (methods.contains("GET")) methods.insert("HEAD");
    target.allow.clear();
    for (const auto name : methods) target.allow += (target.allow.empty() ? "" : ", ") + std::string(name);
    operations_.push_back(std::move(says));
}

const router::route* router::match(std::string_view path, std::vector<std::string>& parameters) const {
    if (const auto it = fixed_.find(path); it != fixed_.end()) return &it->second;
    if (!path.starts_with('/')) return nullptr;  // a redirection from there would lead anywhere
    auto segments = split_path(path);
    bool escaped = false;
    for (auto& segment : segments) {
        auto decoded = percent_decode(segment);
        if (!decoded) return nullptr;
        escaped = escaped || *decoded != segment;
        segment = std::move(*decoded);
    }
    const auto fits = [&](const route& candidate) {
        return std::ranges::equal(candidate.segments, segments,
                                  [](const std::string& wanted, const std::string& given) {
                                      return is_parameter(wanted) ? !given.empty() : wanted == given;
                                  });
    };
    if (escaped)
        for (const auto& [_, candidate] : fixed_)
            if (fits(candidate)) return &candidate;
    for (const auto& candidate : parametric_) {
        if (!fits(candidate)) continue;
        for (std::size_t i = 0; i < segments.size(); ++i)
            if (is_parameter(candidate.segments[i])) parameters.push_back(std::move(segments[i]));
        return &candidate;
    }
    return nullptr;
}

awaitable<response> router::handle(request& r) {
    const auto begin = std::chrono::steady_clock::now();
    r.id = choose_id(r);
    r.peer = with_.trusted_proxies.client_of(r);
    const route* const matched = match(r.path, r.parameters);
    response out = co_await dispatch(r, matched);
    add_limit(r, out);
    add_cors(r, matched, out);
    note(r, matched, out, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    co_return out;
}

awaitable<response> router::dispatch(request& r, const route* matched) {
    const endpoint* const found = matched == nullptr ? nullptr : matched->find(r.method);
    if (found == nullptr) co_return without_handler(r, matched);
    const auto place = load_.enter(found->load, found->first, std::chrono::steady_clock::now());
    if (!place) {
        meters_.overloaded();
        co_return too_much();
    }
    std::exception_ptr thrown;
    try {
        co_return co_await found->call(r);
    } catch (...) {
        thrown = std::current_exception();
    }
    co_return from_exception(r, thrown, meters_);
}

// OPTIONS is free: browsers ask it on their own, before requests that count.
response router::without_handler(request& r, const route* matched) const {
    if (with_.rate_limits != nullptr && (matched == nullptr || r.method != "OPTIONS"))
        r.limit = with_.rate_limits->take(limits::route_class::usual, r.peer, {});
    if (r.limit && !r.limit->allowed) return failure(core::api_error(limits::too_many_requests));
    return misdirected(r, matched);
}

// Unknown path, trailing slash, OPTIONS, or a method that the path does not have.
response router::misdirected(const request& r, const route* matched) const {
    if (matched == nullptr) {
        const auto end = r.path.find_last_not_of('/');
        std::vector<std::string> ignored;
        if (end == std::string::npos || end + 1 == r.path.size() ||
            match(r.path.substr(0, end + 1), ignored) == nullptr)
            return plain_failure(404);
        response out{.status = 307};
        out.headers.emplace_back("Location", r.path.substr(0, end + 1) + (r.query.empty() ? "" : "?" + r.query));
        return out;
    }
    response out = r.method == "OPTIONS" ? response{.status = 204} : plain_failure(405);
    out.headers.emplace_back("Allow", matched->allow);
    return out;
}

// The CORS protocol of the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol).
void router::add_cors(const request& r, const route* matched, response& out) const {
    const auto& origins = with_.cors_origins;
    if (origins.empty()) return;
    const bool any = origins.front() == "*";
    if (!any) out.headers.emplace_back("Vary", "Origin");
    const auto origin = r.header("Origin");
    if (origin.empty() || (!any && std::ranges::find(origins, origin) == origins.end())) return;
    out.headers.emplace_back("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
    out.headers.emplace_back("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy");
    if (r.method != "OPTIONS" || matched == nullptr) return;
    out.headers.emplace_back("Access-Control-Allow-Methods", matched->allow);
    out.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id");
    out.headers.emplace_back("Access-Control-Max-Age", "600");
}

response router::refuse(request& r, int status, std::string_view detail) {
    r.id = choose_id(r);
    response out = failure(core::api_error(status, detail));
    add_cors(r, nullptr, out);
    note(r, nullptr, out, 0);
    meters_.refused(status);
    return out;
}

// The one log line of a request, and its place in the metrics.
void router::note(const request& r, const route* matched, const response& out, double milliseconds) {
    static constexpr std::string_view known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    const auto it = std::ranges::find(known, r.method);
    const auto method = it == std::end(known) ? std::string_view("other") : *it;
    const auto pattern = matched == nullptr ? std::string_view("-") : matched->pattern;
    meters_.answered(matched == nullptr ? nullptr : &matched->meters, pattern, method, out.status, milliseconds / 1000);
    log::event(log::level::info, "request",
               {{"request_id", r.id},
                {"method", method},
                {"route", pattern},
                {"status", static_cast<std::int64_t>(out.status)},
                {"ms", milliseconds},
                {"peer", r.peer}});
}

}  // namespace veil::http
