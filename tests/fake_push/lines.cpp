#include "lines.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <veil/core/json.hpp>
#include <veil/core/utf8.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/crypto/encoding.hpp>

namespace veil::fake_push {
namespace {

using nlohmann::json;

// Whatever came over the wire, as a JSON string.
void append_text(std::string& out, std::string_view text) {
    if (core::is_utf8(text))
        core::append_quoted(out, text);
    else
        out += json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_texts(std::string& out, const std::vector<std::string>& texts) {
    out += '[';
    for (const auto& each : texts) {
        if (out.back() != '[') out += ',';
        append_text(out, each);
    }
    out += ']';
}

void append_headers(std::string& out, const test::h2_headers& headers) {
    out += '{';
    for (const auto& [name, value] : headers) {
        if (name == "authorization") continue;
        if (out.back() != '{') out += ',';
        append_text(out, name);
        out += ':';
        append_text(out, value);
    }
    out += '}';
}

// A body that is JSON goes out as it came in, unless it has line breaks.
void append_payload(std::string& out, bool is_json, const std::string& body) {
    if (!is_json)
        out += "null";
    else if (body.find_first_of("\r\n") == std::string::npos)
        out += body;
    else
        out += json::parse(body).dump();
}

// Tells bearer tokens apart without telling them.
std::string credential(const std::string& bearer) {
    return bearer.empty() ? std::string() : crypto::hex(crypto::sha256(bearer)).substr(0, 16);
}

}  // namespace

double now() {
    using namespace std::chrono;
    return duration<double>(system_clock::now().time_since_epoch()).count();
}

lines::lines(boost::asio::io_context& io, const std::string& path)
    : io_(io), out_(path.empty() ? stdout : std::fopen(path.c_str(), "w")) {
    if (out_ == nullptr) throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
}

lines::~lines() {
    if (out_ != stdout) std::fclose(out_);
}

void lines::listening(std::string_view name, const std::string& host, std::uint16_t port) {
    fmt::format_to(std::back_inserter(waiting_), R"({{"event":"listening","name":"{}","host":)", name);
    append_text(waiting_, host);
    fmt::format_to(std::back_inserter(waiting_), R"(,"port":{}}})", port);
    end_line();
}

void lines::connection(std::string_view name, std::uint64_t number) {
    fmt::format_to(std::back_inserter(waiting_), R"({{"event":"connection","name":"{}","number":{}}})", name, number);
    end_line();
}

void lines::connection_end(std::string_view name, std::uint64_t number, const test::h2_server& server) {
    fmt::format_to(std::back_inserter(waiting_),
                   R"({{"event":"connection_end","name":"{}","number":{},"pings":{},"streams":{}}})", name, number,
                   server.pings(), server.streams());
    end_line();
}

void lines::pushed(const push& one, const test::h2_request& request) {
    auto& out = waiting_;
    fmt::format_to(std::back_inserter(out),
                   R"({{"event":"push","at":{:.6f},"provider":"{}","environment":"{}","connection":{},"stream":{})",
                   one.at, one.provider, one.environment, one.connection, request.stream);
    out += R"(,"token":)";
    append_text(out, one.device_token);
    out += R"(,"headers":)";
    append_headers(out, request.headers);
    fmt::format_to(std::back_inserter(out), R"(,"credential":"{}","issued_at":{},"key_id":"{}","payload":)",
                   credential(one.bearer), one.signed_by ? std::to_string(one.signed_by->issued_at) : "null",
                   one.signed_by ? one.signed_by->key_id : "");
    append_payload(out, one.body_is_json, request.body);
    fmt::format_to(std::back_inserter(out), R"(,"status":{},"reason":"{}","problems":)", one.status, one.reason);
    append_texts(out, one.problems);
    out += '}';
    end_line();
}

void lines::token_request(int status, const std::vector<std::string>& problems) {
    fmt::format_to(std::back_inserter(waiting_), R"({{"event":"token_request","at":{:.6f},"status":{},"problems":)",
                   now(), status);
    append_texts(waiting_, problems);
    waiting_ += '}';
    end_line();
}

void lines::end_line() {
    waiting_ += '\n';
    if (std::exchange(flush_due_, true)) return;
    boost::asio::post(io_, [this] { flush(); });
}

void lines::flush() {
    flush_due_ = false;
    if (waiting_.empty()) return;
    const bool written = std::fwrite(waiting_.data(), 1, waiting_.size(), out_) == waiting_.size();
    waiting_.clear();
    if (!written || std::fflush(out_) != 0)
        throw std::runtime_error(std::string("cannot write the output: ") + std::strerror(errno));
}

}  // namespace veil::fake_push
