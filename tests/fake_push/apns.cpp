#include "apns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/uuid.hpp>

namespace veil::fake_push {
namespace {

constexpr std::string_view device_path = "/3/device/";
constexpr std::string_view scheme = "bearer ";
constexpr std::size_t voip_limit = 5120, other_limit = 4096;
constexpr double hour = 3600;

struct fixed_error {
    std::string_view word;
    int status;
    const char* reason;
};

constexpr std::array fixed_errors{
    fixed_error{"baddevice", 400, "BadDeviceToken"},
    fixed_error{"topic", 400, "DeviceTokenNotForTopic"},
    fixed_error{"disallowed", 400, "TopicDisallowed"},
    fixed_error{"forbidden", 403, "Forbidden"},
};
constexpr std::array repeated_errors{
    fixed_error{"429", 429, "TooManyRequests"},
    fixed_error{"500", 500, "InternalServerError"},
    fixed_error{"503", 503, "ServiceUnavailable"},
};

answer refuse(int status, const char* reason) {
    return {.status = status, .reason = reason, .body = fmt::format(R"({{"reason":"{}"}})", reason)};
}

answer gone(const char* reason, double since) {
    auto out = refuse(410, reason);
    out.body = fmt::format(R"({{"reason":"{}","timestamp":{:.0f}}})", reason, since * 1000);
    return out;
}

bool is_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= 0;
}

bool is_lower_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (dash ? text[i] != '-' : !hex) return false;
    }
    return true;
}

void check_headers(const test::h2_request& request, std::vector<fault>& found) {
    const auto topic = request.header("apns-topic"), type = request.header("apns-push-type");
    const auto priority = request.header("apns-priority"), expiration = request.header("apns-expiration");
    const auto id = request.header("apns-id");
    const auto complain = [&](const char* reason, std::string detail) {
        found.push_back({400, reason, std::move(detail)});
    };
    if (topic.empty()) complain("MissingTopic", "no apns-topic");
    if (type != "voip" && type != "alert" && type != "background")
        complain("InvalidPushType", fmt::format("apns-push-type is '{}'", type));
    if (type == "voip" && !topic.empty() && !topic.ends_with(".voip"))
        complain("TopicDisallowed", fmt::format("voip on the topic '{}'", topic));
    if (priority != "10" && priority != "5" && priority != "1")
        complain("BadPriority", fmt::format("apns-priority is '{}'", priority));
    if (!is_number(expiration)) complain("BadExpirationDate", fmt::format("apns-expiration is '{}'", expiration));
    if (!id.empty() && !is_lower_uuid(id)) complain("BadMessageId", fmt::format("apns-id is '{}'", id));
}

void check_body(const test::h2_request& request, push& one, std::vector<fault>& found) {
    const auto limit = request.header("apns-push-type") == "voip" ? voip_limit : other_limit;
    if (request.body.size() > limit)
        found.push_back({413, "PayloadTooLarge", fmt::format("{} bytes of {}", request.body.size(), limit)});
    one.body_is_json = nlohmann::json::accept(request.body);
    const auto first = request.body.find_first_not_of(" \t\r\n");
    if (!one.body_is_json || request.body[first] != '{')
        found.push_back({400, "PayloadEmpty", "the body is no JSON object"});
}

}  // namespace

apns::apns(boost::asio::io_context& io, lines& report, tries& made, provider_tokens tokens, std::uint32_t streams)
    : io_(io), report_(report), tries_(made), tokens_(std::move(tokens)), streams_(streams) {}

void apns::receive(environment where, const std::shared_ptr<test::h2_listener::connection>& from,
                   const test::h2_request& request) {
    push one{.at = now(),
             .provider = "apns",
             .environment = where == environment::production ? "production" : "sandbox",
             .connection = from->number()};
    const auto found = check(request, one);
    auto out = found.empty() ? steered(where, one) : refuse(found.front().status, found.front().reason);
    for (const auto& each : found) one.problems.push_back(fmt::format("{}: {}", each.reason, each.detail));
    const auto id = request.header("apns-id");
    out.headers.emplace_back("apns-id", id.empty() ? core::uuid4() : std::string(id));
    raise_streams(one.connection, out);
    one.status = out.status;
    one.reason = out.reason;
    report_.pushed(one, request);
    deliver(io_, from, request.stream, std::move(out));
}

std::vector<fault> apns::check(const test::h2_request& request, push& one) {
    std::vector<fault> found;
    if (request.path.starts_with(device_path)) one.device_token = request.path.substr(device_path.size());
    if (request.method != "POST") found.push_back({405, "MethodNotAllowed", request.method});
    if (one.device_token.empty()) found.push_back({404, "BadPath", request.path});
    check_authorization(request, one, found);
    check_headers(request, found);
    check_body(request, one, found);
    return found;
}

void apns::check_authorization(const test::h2_request& request, push& one, std::vector<fault>& found) {
    const auto given = request.header("authorization");
    if (!core::iequals(given.substr(0, scheme.size()), scheme)) {
        found.push_back({403, "MissingProviderToken", "no bearer token"});
        return;
    }
    one.bearer = given.substr(scheme.size());
    if (auto wrong = tokens_.judge(one.bearer, one.at, one.signed_by)) found.push_back(std::move(*wrong));
}

answer apns::steered(environment where, const push& one) {
    const auto wanted = read_steer(one.device_token);
    if (auto out = steer_transport(wanted, one.device_token, tries_, streams_)) return std::move(*out);
    const auto fixed = std::ranges::find(fixed_errors, wanted.word, &fixed_error::word);
    if (fixed != fixed_errors.end()) return refuse(fixed->status, fixed->reason);
    const auto repeated = std::ranges::find(repeated_errors, wanted.word, &fixed_error::word);
    if (repeated != repeated_errors.end() && still_failing(wanted, one.device_token, tries_))
        return refuse(repeated->status, repeated->reason);
    return steered_error(where, one, wanted);
}

answer apns::steered_error(environment where, const push& one, const steer& wanted) {
    if (wanted.word == "unregistered") return gone("Unregistered", one.at);
    if (wanted.word == "unregisteredold") return gone("Unregistered", one.at - hour);
    if (wanted.word == "expired") return gone("ExpiredToken", one.at);
    if (wanted.word == "unregisteredslow") {
        auto out = gone("Unregistered", one.at - 1);  // a second before the push, however late the answer
        out.delay = std::chrono::milliseconds(wanted.number.value_or(0));
        return out;
    }
    if ((wanted.word == "sandbox" && where != environment::sandbox) ||
        (wanted.word == "production" && where != environment::production))
        return refuse(400, "BadDeviceToken");
    if (wanted.word == "expiredprovider") {
        if (refused_bearer_.empty()) refused_bearer_ = one.bearer;
        if (one.bearer == refused_bearer_) return refuse(403, "ExpiredProviderToken");
    }
    return {};
}

// As Apple does: one stream until a provider token has proved good.
void apns::raise_streams(std::uint64_t connection, answer& out) {
    if (out.status != 200) return;
    const bool first = raised_.insert(connection).second;
    if (first && !out.streams) out.streams = streams_;
}

}  // namespace veil::fake_push
