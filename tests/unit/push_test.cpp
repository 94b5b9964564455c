// What pushes say, what answers mean, and who may tell of calls: the tables of APNs and FCM, row by row.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <push/apns.hpp>
#include <push/fcm.hpp>
#include <push/google_tokens.hpp>
#include <push/message.hpp>
#include <veil/core/errors.hpp>
#include <veil/push/webhook.hpp>

namespace veil::push {
namespace {

using nlohmann::json;

client::http2_answer apns_says(int status, const std::string& reason, const std::string& more = "") {
    return {.status = status, .headers = {}, .body = R"({"reason":")" + reason + "\"" + more + "}"};
}

client::http2_answer fcm_says(int status, const std::string& code, const std::string& violations = "") {
    std::string details =
        R"([{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":")" + code + "\"}";
    if (!violations.empty())
        details += R"(,{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":")" +
                   violations + "\"}]}";
    return {.status = status, .headers = {}, .body = R"({"error":{"code":400,"details":)" + details + "]}}"};
}

TEST(apns_outcome, follows_the_table) {
    struct row {
        int status;
        const char* reason;
        result what;
        bool retry;
    };
    for (const auto& [status, reason, what, retry] : {
             row{400, "BadDeviceToken", result::bad_token, false},
             row{400, "DeviceTokenNotForTopic", result::flagged, false},
             row{400, "TopicDisallowed", result::misconfigured, false},
             row{400, "BadExpirationDate", result::rejected, false},
             row{403, "InvalidProviderToken", result::misconfigured, false},
             row{404, "BadPath", result::rejected, false},
             row{405, "MethodNotAllowed", result::rejected, false},
             row{413, "PayloadTooLarge", result::rejected, false},
             row{429, "TooManyRequests", result::throttled, true},
             row{500, "InternalServerError", result::unavailable, true},
             row{503, "ServiceUnavailable", result::unavailable, true},
         }) {
        const auto seen = apns_outcome(apns_says(status, reason));
        EXPECT_EQ(seen.what, what) << reason;
        EXPECT_EQ(seen.retry, retry) << reason;
        EXPECT_EQ(seen.reason, reason);
        EXPECT_FALSE(seen.gone_since) << reason;
    }
    EXPECT_EQ(apns_outcome({.status = 200, .headers = {}, .body = ""}).what, result::accepted);
}

TEST(apns_outcome, a_token_is_gone_only_when_the_answer_says_since_when) {
    const auto seen = apns_outcome(apns_says(410, "Unregistered", R"(,"timestamp":1763725411000)"));
    EXPECT_EQ(seen.what, result::unregistered);
    EXPECT_EQ(seen.gone_since, 1763725411000);
    EXPECT_EQ(apns_outcome(apns_says(410, "ExpiredToken", R"(,"timestamp":1)")).what, result::unregistered);
    EXPECT_EQ(apns_outcome(apns_says(410, "Unregistered")).what, result::rejected);
    EXPECT_EQ(apns_outcome(apns_says(410, "Something", R"(,"timestamp":1)")).what, result::rejected);
}

TEST(apns_outcome, an_answer_that_makes_no_sense_deletes_nothing) {
    for (const auto* body : {"", "not json", "[]", "null", R"({"reason":7})", R"({"reason":null,"timestamp":1})"}) {
        for (const int status : {204, 302, 400, 404, 410}) {
            const auto seen = apns_outcome({.status = status, .headers = {}, .body = body});
            EXPECT_EQ(seen.what, result::rejected) << status << body;
            EXPECT_EQ(seen.reason, "Status" + std::to_string(status));
        }
    }
    EXPECT_EQ(apns_outcome(apns_says(400, "two\\nlines")).reason, "two?lines");
    EXPECT_EQ(apns_outcome(apns_says(400, std::string(500, 'x'))).reason.size(), 64U);
}

TEST(fcm_outcome, follows_the_table) {
    EXPECT_EQ(fcm_outcome({.status = 200, .headers = {}, .body = "{}"}).what, result::accepted);
    EXPECT_EQ(fcm_outcome(fcm_says(404, "UNREGISTERED")).what, result::unregistered);
    EXPECT_EQ(fcm_outcome(fcm_says(400, "INVALID_ARGUMENT")).what, result::bad_token);
    EXPECT_EQ(fcm_outcome(fcm_says(400, "INVALID_ARGUMENT", "message.token")).what, result::bad_token);
    EXPECT_EQ(fcm_outcome(fcm_says(400, "INVALID_ARGUMENT", "message.data")).what, result::rejected);
    EXPECT_EQ(fcm_outcome(fcm_says(403, "SENDER_ID_MISMATCH")).what, result::flagged);
    EXPECT_EQ(fcm_outcome(fcm_says(401, "THIRD_PARTY_AUTH_ERROR")).what, result::misconfigured);
    EXPECT_EQ(fcm_outcome(fcm_says(401, "UNAUTHENTICATED")).what, result::misconfigured);
    EXPECT_TRUE(fcm_outcome(fcm_says(500, "INTERNAL")).retry);
    auto busy = fcm_says(503, "UNAVAILABLE");
    busy.headers = {{"retry-after", "7"}};
    EXPECT_EQ(fcm_outcome(busy).not_before, std::chrono::seconds(7));
    EXPECT_EQ(fcm_outcome(fcm_says(429, "QUOTA_EXCEEDED")).not_before, std::chrono::seconds(60));
    busy = fcm_says(429, "QUOTA_EXCEEDED");
    busy.headers = {{"retry-after", "3"}};
    EXPECT_EQ(fcm_outcome(busy).not_before, std::chrono::seconds(3));
}

TEST(fcm_outcome, an_answer_that_makes_no_sense_deletes_nothing) {
    for (const auto* body : {"", "not json", "[]", R"({"error":"x"})", R"({"error":{"details":7}})",
                             R"({"error":{"details":[7,{"errorCode":7},{"fieldViolations":"x"}]}})"})
        for (const int status : {400, 404})
            EXPECT_EQ(fcm_outcome({.status = status, .headers = {}, .body = body}).what, result::rejected)
                << status << body;
}

TEST(push_message, has_exactly_the_members_of_the_contract) {
    const message call{.what = message::kind::call,
                       .call_id = "c-1",
                       .caller_name = "Bob",
                       .call_type = "video",
                       .reason = {},
                       .sent_at = 100,
                       .expires_at = 130};
    EXPECT_EQ(apns_payload(call),
              R"({"caller_name":"Bob","call_id":"c-1","call_type":"video","sent_at":100,"expires_at":130})");
    EXPECT_EQ(
        fcm_payload(call, "t\"1", 30),
        R"({"message":{"token":"t\"1","data":{"type":"call","caller_name":"Bob","call_id":"c-1","call_type":"video",)"
        R"("sent_at":"100","expires_at":"130"},"android":{"priority":"HIGH","ttl":"30s"}}})");
    const message cancel{.what = message::kind::cancel,
                         .call_id = "c-1",
                         .caller_name = {},
                         .call_type = {},
                         .reason = "timeout",
                         .sent_at = 100,
                         .expires_at = 130};
    EXPECT_EQ(apns_payload(cancel),
              R"({"type":"cancel","call_id":"c-1","reason":"timeout","sent_at":100,"expires_at":130})");
}

TEST(push_message, a_name_stays_as_it_is_up_to_its_bound) {
    for (const std::string name :
         {"", "Bob", "O'Brien \"Bob\" \\ \n\t\x01", "\U0001F468\u200D\U0001F469\u200D\U0001F467"})
        EXPECT_EQ(bounded_name(name), name);
    EXPECT_EQ(bounded_name(std::string(256, 'x')), std::string(256, 'x'));
    EXPECT_EQ(bounded_name(std::string(10'000, 'x')), std::string(256, 'x'));
    EXPECT_EQ(bounded_name(std::string(10'000, '\x01')).size(), 1024U / 6);
}

TEST(push_message, a_name_is_cut_between_what_a_reader_sees_as_characters) {
    const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";  // 5 code points, 18 bytes
    std::string families;
    for (int i = 0; i < 100; ++i) families += family;
    const auto cut = bounded_name(families);
    EXPECT_EQ(cut.size() % family.size(), 0U);
    EXPECT_EQ(cut.size() / family.size(), 256U / 5);
    const std::string flag = "\U0001F1E9\U0001F1EA";
    std::string odd = "x";
    for (int i = 0; i < 200; ++i) odd += flag;
    EXPECT_EQ((bounded_name(odd).size() - 1) % flag.size(), 0U);
    EXPECT_LE(json(std::string(bounded_name(odd))).dump().size(), 1024U + 2);
    std::string accents = "e";
    for (int i = 0; i < 1000; ++i) accents += "\u0301";
    EXPECT_FALSE(bounded_name(accents).empty());
}

http::request from(const std::string& peer, std::vector<std::pair<std::string, std::string>> headers = {}) {
    http::request r;
    r.peer = peer;
    r.headers = std::move(headers);
    return r;
}

TEST(webhook_gate, asks_for_the_secret_wherever_the_peer_is) {
    const webhook_gate gate(core::secret("s3cret"));
    EXPECT_NO_THROW(gate.admit(from("203.0.113.7", {{"X-Webhook-Secret", "s3cret"}})));
    EXPECT_THROW(gate.admit(from("127.0.0.1")), core::api_error);
    EXPECT_THROW(gate.admit(from("127.0.0.1", {{"X-Webhook-Secret", "s3cre"}})), core::api_error);
    EXPECT_THROW(gate.admit(from("127.0.0.1", {{"X-Webhook-Secret", ""}})), core::api_error);
}

TEST(webhook_gate, takes_both_secrets_while_one_replaces_the_other) {
    webhook_gate gate({core::secret("new s3cret"), core::secret("old s3cret")});
    const auto answers = [&](const std::string& given) {
        try {
            gate.admit(from("127.0.0.1", {{"X-Webhook-Secret", given}}));
            return 200;
        } catch (const core::api_error& error) {
            return error.status();
        }
    };
    EXPECT_EQ(answers("new s3cret"), 200);
    EXPECT_EQ(answers("old s3cret"), 200);
    for (const auto* wrong : {"", "new", "old s3creT", "new s3cretold s3cret"}) EXPECT_EQ(answers(wrong), 401) << wrong;
    gate.replace(core::secret("new s3cret"));
    EXPECT_EQ(answers("new s3cret"), 200);
    EXPECT_EQ(answers("old s3cret"), 401);
    EXPECT_EQ(answers(""), 401) << "no secret before is not an empty one";
}

TEST(webhook_gate, without_a_secret_serves_this_machine_and_nobody_behind_a_proxy_on_it) {
    const webhook_gate gate{core::secret()};
    for (const auto* peer : {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"})
        EXPECT_NO_THROW(gate.admit(from(peer))) << peer;
    for (const auto* peer : {"203.0.113.7", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "", "nonsense"})
        EXPECT_THROW(gate.admit(from(peer)), core::api_error) << peer;
    for (const auto* header : {"X-Forwarded-For", "Forwarded", "Via"})
        EXPECT_THROW(gate.admit(from("127.0.0.1", {{header, "203.0.113.7"}})), core::api_error) << header;
}

TEST(access_token, is_taken_from_an_answer_that_makes_sense) {
    const auto says = [](const std::string& body, int status = 200) {
        return access_token_in({.status = status, .headers = {}, .body = body});
    };
    const auto good = says(R"({"access_token":"ya29.a-b_c","expires_in":3599,"token_type":"Bearer"})");
    EXPECT_EQ(good.token.reveal(), "ya29.a-b_c");
    EXPECT_EQ(good.life, std::chrono::seconds(3599));
    EXPECT_EQ(says(R"({"access_token":"t","expires_in":-5})").life, std::chrono::seconds(1));
    EXPECT_EQ(says(R"({"access_token":"t","expires_in":99999999999})").life, std::chrono::seconds(86'400));
    for (const auto* bad : {"", "[]", "{}", R"({"access_token":"t"})", R"({"access_token":7,"expires_in":1})",
                            R"({"access_token":"t","expires_in":"1"})", R"({"access_token":"","expires_in":1})",
                            R"({"access_token":"t\r\nx: y","expires_in":1})"})
        EXPECT_THROW(says(bad), core::refused) << bad;
    EXPECT_THROW(says(R"({"access_token":"t","expires_in":1})", 500), core::refused);
}

}  // namespace
}  // namespace veil::push
