#include "fcm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <veil/core/ascii.hpp>

#include "names.hpp"

namespace veil::fake_push {
namespace {

using nlohmann::json;

constexpr std::string_view scheme = "bearer ";
constexpr std::size_t body_limit = 4096;

struct fcm_error {
    std::string_view word;
    int code;
    const char* error_code;
    bool repeats = false;  // "<word>-<n>-": only the first n times
};

constexpr std::array errors{
    fcm_error{"unregistered", 404, "UNREGISTERED"},
    fcm_error{"unregisteredold", 404, "UNREGISTERED"},
    fcm_error{"unregisteredslow", 404, "UNREGISTERED"},
    fcm_error{"429", 429, "QUOTA_EXCEEDED", true},
    fcm_error{"quota", 429, "QUOTA_EXCEEDED", true},
    fcm_error{"500", 500, "INTERNAL", true},
    fcm_error{"503", 503, "UNAVAILABLE", true},
    fcm_error{"invalid", 400, "INVALID_ARGUMENT"},
    fcm_error{"invalidpayload", 400, "INVALID_ARGUMENT"},
    fcm_error{"sender", 403, "SENDER_ID_MISMATCH"},
    fcm_error{"thirdparty", 401, "THIRD_PARTY_AUTH_ERROR"},
};

const char* status_name(int code) {
    switch (code) {
        case 400:
            return "INVALID_ARGUMENT";
        case 401:
            return "UNAUTHENTICATED";
        case 403:
            return "PERMISSION_DENIED";
        case 404:
            return "NOT_FOUND";
        case 429:
            return "RESOURCE_EXHAUSTED";
        case 500:
            return "INTERNAL";
        default:
            return "UNAVAILABLE";
    }
}

answer refuse(int code, const char* error_code, const std::vector<violation>& violations = {}) {
    json details =
        json::array({{{"@type", "type.googleapis.com/google.firebase.fcm.v1.FcmError"}, {"errorCode", error_code}}});
    if (!violations.empty()) {
        json list = json::array();
        for (const auto& each : violations) list.push_back({{"field", each.field}, {"description", each.description}});
        details.push_back({{"@type", "type.googleapis.com/google.rpc.BadRequest"}, {"fieldViolations", list}});
    }
    const json body{{"error",
                     {{"code", code},
                      {"message", fmt::format("veil-fake-push answers with {}", error_code)},
                      {"status", status_name(code)},
                      {"details", details}}}};
    answer out{.status = code, .reason = error_code, .body = body.dump(-1, ' ', false, json::error_handler_t::replace)};
    if (code == 503) out.headers.emplace_back("retry-after", "1");
    return out;
}

const json& member(const json& object, const char* name) {
    static const json nothing;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return found == object.end() ? nothing : *found;
}

bool is_duration(const json& value) {
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    const auto digits = text.find_first_not_of("0123456789");
    return digits > 0 && digits != std::string::npos && text.substr(digits) == "s";
}

void check_data(const json& data, std::vector<violation>& found) {
    if (!data.is_object()) {
        found.push_back({"message.data", "not an object"});
        return;
    }
    for (const auto& [key, value] : data.items()) {
        const auto field = "message.data[" + key + "]";
        if (!value.is_string()) found.push_back({field, "not a string"});
        if (key.starts_with("from") || key.starts_with("gcm") || key.starts_with("google"))
            found.push_back({field, "a reserved key"});
    }
}

std::vector<violation> check_message(const json& body, const std::string& device_token, std::size_t size) {
    std::vector<violation> found;
    const json& message = member(body, "message");
    const json& android = member(message, "android");
    if (body.is_discarded()) found.push_back({"", "the body is no JSON"});
    if (device_token.empty()) found.push_back({"message.token", "missing"});
    check_data(member(message, "data"), found);
    if (member(android, "priority") != "HIGH") found.push_back({"message.android.priority", "not HIGH"});
    if (!is_duration(member(android, "ttl"))) found.push_back({"message.android.ttl", "not like 30s"});
    if (size > body_limit + device_token.size()) found.push_back({"message", fmt::format("{} bytes", size)});
    return found;
}

}  // namespace

fcm::fcm(boost::asio::io_context& io, lines& report, tries& made, const access_tokens& tokens, std::uint32_t streams)
    : io_(io), report_(report), tries_(made), tokens_(tokens), streams_(streams) {}

void fcm::receive(const std::shared_ptr<test::h2_listener::connection>& from, const test::h2_request& request) {
    push one{.at = now(), .provider = "fcm", .environment = "", .connection = from->number()};
    auto out = judge(request, one);
    if (out.status == 200)
        out.body =
            fmt::format(R"({{"name":"projects/{}/messages/0:{:.0f}%{:08x}"}})", project_id, one.at * 1e6, ++messages_);
    out.headers.emplace_back("content-type", "application/json; charset=UTF-8");
    one.status = out.status;
    one.reason = out.reason;
    report_.pushed(one, request);
    deliver(io_, from, request.stream, std::move(out));
}

answer fcm::judge(const test::h2_request& request, push& one) {
    const auto body = json::parse(request.body, nullptr, false);
    one.body_is_json = !body.is_discarded();
    const json& token = member(member(body, "message"), "token");
    if (token.is_string()) one.device_token = token.get<std::string>();
    const auto given = request.header("authorization");
    if (core::iequals(given.substr(0, scheme.size()), scheme)) one.bearer = given.substr(scheme.size());

    std::optional<answer> refusal;
    const auto complain = [&](std::string problem, answer out) {
        one.problems.push_back(std::move(problem));
        if (!refusal) refusal = std::move(out);
    };
    if (request.method != "POST" || request.path != fmt::format("/v1/projects/{}/messages:send", project_id))
        complain(fmt::format("{} {}", request.method, request.path), refuse(404, "UNSPECIFIED_ERROR"));
    if (!tokens_.is_live(one.bearer)) complain("no live access token", refuse(401, "UNAUTHENTICATED"));
    const auto violations = check_message(body, one.device_token, request.body.size());
    for (const auto& each : violations)
        complain(each.field + ": " + each.description, refuse(400, "INVALID_ARGUMENT", violations));
    return refusal ? std::move(*refusal) : steered(one);
}

answer fcm::steered(const push& one) {
    const auto wanted = read_steer(one.device_token);
    if (auto out = steer_transport(wanted, one.device_token, tries_, streams_)) return std::move(*out);
    if (wanted.word == "unauth") {
        if (refused_bearer_.empty()) refused_bearer_ = one.bearer;
        return one.bearer == refused_bearer_ ? refuse(401, "UNAUTHENTICATED") : answer{};
    }
    const auto error = std::ranges::find(errors, wanted.word, &fcm_error::word);
    if (error == errors.end() || (error->repeats && !still_failing(wanted, one.device_token, tries_))) return {};
    if (wanted.word == "invalidpayload")
        return refuse(error->code, error->error_code, {{"message.data", "Invalid value"}});
    auto out = refuse(error->code, error->error_code);
    if (wanted.word == "unregisteredslow") out.delay = std::chrono::milliseconds(wanted.number.value_or(0));
    return out;
}

}  // namespace veil::fake_push
