// What /metrics shows of what happened.
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <push/meters.hpp>
#include <push/printable.hpp>
#include <string>
#include <support/identity.hpp>
#include <support/run.hpp>
#include <veil/client/certificates.hpp>
#include <veil/core/errors.hpp>
#include <veil/http/router.hpp>
#include <veil/metrics/metrics.hpp>
#include <veil/metrics/outcome.hpp>

namespace veil {
namespace {

bool has_line(const std::string& text, const std::string& line) { return ("\n" + text).contains("\n" + line + "\n"); }

std::size_t lines_of(const std::string& text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

TEST(registry, shows_what_was_counted) {
    metrics::registry all;
    auto calls = all.make_counter({"calls_total", "Calls."}, {{"kind", "a"}});
    all.make_gauge({"size", "A size."}).set(-2.5);
    all.make_histogram({"seconds", "Time."}, metrics::local_seconds).observe(0.002);
    calls.add();
    calls.add(2);
    const auto text = all.text();
    EXPECT_TRUE(has_line(text, "# HELP calls_total Calls."));
    EXPECT_TRUE(has_line(text, "# TYPE calls_total counter"));
    EXPECT_TRUE(has_line(text, R"(calls_total{kind="a"} 3)"));
    EXPECT_TRUE(has_line(text, "size -2.5"));
    EXPECT_TRUE(has_line(text, R"(seconds_bucket{le="0.001"} 0)"));
    EXPECT_TRUE(has_line(text, R"(seconds_bucket{le="0.0025"} 1)"));
    EXPECT_TRUE(has_line(text, "seconds_count 1"));
}

TEST(registry, the_same_labels_are_the_same_series) {
    metrics::registry all;
    all.make_counter({"calls_total", "Calls."}, {{"kind", "a"}}).add();
    all.make_counter({"calls_total", "Calls."}, {{"kind", "a"}}).add();
    EXPECT_TRUE(has_line(all.text(), R"(calls_total{kind="a"} 2)"));
}

TEST(registry, samplers_run_before_every_scrape) {
    metrics::registry all;
    int size = 0;
    all.on_scrape([&, shown = all.make_gauge({"size", "A size."})]() mutable { shown.set(++size); });
    EXPECT_TRUE(has_line(all.text(), "size 1"));
    EXPECT_TRUE(has_line(all.text(), "size 2"));
}

TEST(registry, a_counter_never_goes_down) {
    metrics::registry all;
    auto used = all.make_counter({"used_total", "Used."});
    used.raise_to(5);
    used.raise_to(3);
    EXPECT_TRUE(has_line(all.text(), "used_total 5"));
}

TEST(registry, what_was_never_measured_counts_nothing) {
    metrics::counter().add();
    metrics::gauge().set(1);
    metrics::histogram().observe(1);
    EXPECT_EQ(metrics::registry().text(), "");
}

TEST(registry, labels_are_escaped) {
    metrics::registry all;
    all.make_counter({"calls_total", "Calls."}, {{"kind", "a\"b\\c\n"}}).add();
    EXPECT_TRUE(has_line(all.text(), R"(calls_total{kind="a\"b\\c\n"} 1)"));
}

TEST(outcome, one_word_each) {
    const auto word = [](auto error) { return metrics::outcome_of(std::make_exception_ptr(error)); };
    EXPECT_EQ(metrics::outcome_of(nullptr), "ok");
    EXPECT_EQ(word(core::overloaded("")), "overloaded");
    EXPECT_EQ(word(core::timed_out("")), "timed_out");
    EXPECT_EQ(word(core::unavailable("")), "unavailable");
    EXPECT_EQ(word(core::refused("")), "refused");
    EXPECT_EQ(word(boost::system::system_error(boost::asio::error::operation_aborted)), "timed_out");
    EXPECT_EQ(word(boost::system::system_error(boost::asio::error::eof)), "failed");
    EXPECT_EQ(word(std::runtime_error("")), "failed");
    EXPECT_EQ(word(1), "failed");
}

class service {
 public:
    boost::asio::awaitable<http::response> get(http::path<"id">) { co_return http::response{}; }
    boost::asio::awaitable<http::response> full() { throw core::overloaded("queue"); }
};

class measured_router : public testing::Test {
 protected:
    measured_router() {
        routes_.measure(all_, "api");
        routes_.on("GET", "/items/{id}", service_, &service::get, {.id = "get", .summary = "get"});
        routes_.on("GET", "/full", service_, &service::full, {.id = "full", .summary = "full"});
    }
    int ask(const std::string& method, const std::string& path) {
        request_ = {.method = method, .path = path};
        return test::run(routes_.handle(request_)).status;
    }

    service service_;
    metrics::registry all_;
    http::router routes_;
    http::request request_;
};

TEST_F(measured_router, counts_by_pattern_method_and_status) {
    for (const auto* path : {"/items/1", "/items/2", "/items/%20"}) EXPECT_EQ(ask("GET", path), 200);
    EXPECT_EQ(ask("HEAD", "/items/1"), 200);
    EXPECT_EQ(ask("DELETE", "/items/1"), 405);
    const auto text = all_.text();
    EXPECT_TRUE(has_line(text, R"(veil_http_requests_total{method="GET",route="/items/{id}",status="200"} 3)"));
    EXPECT_TRUE(has_line(text, R"(veil_http_requests_total{method="HEAD",route="/items/{id}",status="200"} 1)"));
    EXPECT_TRUE(has_line(text, R"(veil_http_requests_total{method="DELETE",route="/items/{id}",status="405"} 1)"));
    EXPECT_TRUE(has_line(text, R"(veil_http_request_seconds_count{method="GET",route="/items/{id}",status="200"} 3)"));
    EXPECT_TRUE(has_line(text, R"(veil_http_requests_in_hand{listener="api"} 0)"));
}

TEST_F(measured_router, what_is_made_up_makes_no_series) {
    const auto strange = [&](const std::string& word) {
        ask("GET", "/" + word);
        ask(word, "/nothing");
        ask(word, "/full");
    };
    strange("first");
    const auto before = lines_of(all_.text());
    for (int i = 0; i < 100; ++i) strange("word" + std::to_string(i));
    EXPECT_EQ(lines_of(all_.text()), before);
    EXPECT_TRUE(has_line(all_.text(), R"(veil_http_requests_total{method="other",route="-",status="404"} 101)"));
}

TEST_F(measured_router, what_is_turned_away_has_a_reason) {
    EXPECT_EQ(ask("GET", "/full"), 503);
    for (const int status : {400, 408, 413, 431, 501}) {
        request_.clear();
        routes_.refuse(request_, status, "no");
    }
    const auto text = all_.text();
    for (const auto* line :
         {R"(overload"} 1)", R"(too_slow"} 1)", R"(body_too_large"} 1)", R"(head_too_large"} 1)", R"(malformed"} 2)"})
        EXPECT_TRUE(has_line(text, std::string(R"(veil_http_rejected_total{listener="api",reason=")") + line)) << line;
}

TEST(push_reasons, are_a_bounded_set) {
    const auto label = [](push::result what, const std::string& reason) {
        return push::reason_label({.what = what, .reason = reason});
    };
    EXPECT_EQ(label(push::result::accepted, ""), "");
    EXPECT_EQ(label(push::result::unregistered, "Unregistered"), "Unregistered");
    EXPECT_EQ(label(push::result::flagged, "SENDER_ID_MISMATCH"), "SENDER_ID_MISMATCH");
    EXPECT_EQ(label(push::result::rejected, "Status418"), "other");
    EXPECT_EQ(label(push::result::not_configured, "APNS_KEY_ID is empty"), "");
}

TEST(push_meters, count_attempts_by_what_was_said) {
    metrics::registry all;
    push::meters meters;
    meters.attempted("apns", push::message::kind::call, {.what = push::result::accepted}, 5);  // not measured yet
    meters.measure(all);
    for (int i = 0; i < 3; ++i)
        meters.attempted("fcm", push::message::kind::cancel,
                         {.what = push::result::rejected, .reason = "made up " + std::to_string(i)}, 20);
    meters.wake("rang");
    meters.wake("made up");
    meters.on_the_wire(std::chrono::milliseconds(3));
    const auto text = all.text();
    EXPECT_TRUE(
        has_line(text, R"(veil_pushes_total{kind="cancel",outcome="rejected",provider="fcm",reason="other"} 3)"));
    EXPECT_TRUE(has_line(text, R"(veil_pushes_total{kind="call",outcome="accepted",provider="apns",reason=""} 0)"));
    EXPECT_TRUE(has_line(text, R"(veil_push_seconds_count{provider="fcm"} 3)"));
    EXPECT_TRUE(has_line(text, R"(veil_call_wakes_total{result="rang"} 1)"));
    EXPECT_TRUE(has_line(text, R"(veil_call_wake_to_wire_seconds_bucket{le="0.005"} 1)"));
}

TEST(printable, takes_out_what_moves_a_cursor) {
    EXPECT_EQ(push::printable("a-1@b.example"), "a-1@b.example");
    EXPECT_EQ(push::printable("\x1b[2J\r\n\x7f"), "?[2J???");
    EXPECT_EQ(push::printable("\xc2\x9b"
                              "1m"),
              "?1m");
    EXPECT_EQ(push::printable("\xc2\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "\xc2\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    EXPECT_EQ(push::printable("\xc2"), "\xc2");
}

TEST(certificates, of_no_file_nothing_is_known) {
    EXPECT_EQ(client::expiry_of_file("/nothing/here.pem"), std::nullopt);
    EXPECT_EQ(client::expiry_of_file(VEIL_SOURCE_DIR "/README.md"), std::nullopt);
    EXPECT_EQ(client::expiry_of(nullptr), std::nullopt);
}

TEST(certificates, of_several_the_earliest_end_counts) {
    const auto hour = test::make_self_signed("example.com");
    const auto years = test::make_authority();
    const auto path = std::filesystem::temp_directory_path() / ("veil-expiry-" + std::to_string(::getpid()) + ".pem");
    std::ofstream(path) << test::pem(*years.certificate) << test::pem(*hour.certificate);
    const auto end = client::expiry_of_file(path.string());
    std::filesystem::remove(path);
    ASSERT_TRUE(end.has_value());
    EXPECT_NEAR(static_cast<double>(*end), static_cast<double>(std::time(nullptr) + 3600), 60);
    EXPECT_GT(*client::expiry_of(years.certificate.get()), *end);
}

}  // namespace
}  // namespace veil
