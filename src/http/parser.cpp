#include "parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <veil/core/ascii.hpp>

#include "target.hpp"

namespace veil::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::string_view;

constexpr std::size_t shortest_last_chunk = 5;

int status_of(const error_code& ec) {
    if (ec == beast::http::error::body_limit) return 413;
    if (ec == beast::http::error::header_limit || ec == beast::http::error::buffer_overflow) return 431;
    return 400;
}

}  // namespace

class parser::machine : public beast::http::basic_parser<true> {
 public:
    explicit machine(request& into) : into_(into) {
        eager(true);
        header_limit(max_head_bytes);
        body_limit(max_body_bytes);
    }

    bool expects_continue = false;
    bool is_1_0 = false;

 private:
    void on_request_impl(beast::http::verb, string_view method, string_view text, int version,
                         error_code& ec) override {
        count_head(method.size() + text.size(), ec);
        const auto parts = http::parse_target(std::string_view(text.data(), text.size()));
        into_.method.assign(method.data(), method.size());
        into_.path = parts.path;
        into_.query = parts.query;
        is_1_0 = version < 11;
    }
    void on_field_impl(beast::http::field id, string_view name, string_view value, error_code& ec) override {
        if (is_header_done()) return;  // a trailer must not pass for a header
        count_head(name.size() + value.size(), ec);
        if (id == beast::http::field::host) ++hosts_;
        if (id == beast::http::field::transfer_encoding) has_transfer_encoding_ = true;
        if (id == beast::http::field::expect)
            expects_continue = core::iequals(std::string_view(value.data(), value.size()), "100-continue");
        into_.headers.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
    }
    void on_header_impl(error_code& ec) override {
        const bool host_ok = hosts_ == 1 || (hosts_ == 0 && is_1_0);
        // A body whose end nobody can know must not be guessed at: that is how requests are smuggled.
        const bool framing_ok = !has_transfer_encoding_ || (chunked() && !is_1_0);
        if (!host_ok || !framing_ok) ec = beast::http::error::bad_field;
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
        if (length) into_.body.reserve(static_cast<std::size_t>(*length));
    }
    std::size_t on_body_impl(string_view part, error_code&) override {
        into_.body.append(part.data(), part.size());
        return part.size();
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view part, error_code& ec) override {
        return on_body_impl(part, ec);
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    void on_response_impl(int, string_view, int, error_code&) override {}
    void on_finish_impl(error_code&) override {}

    // Beast applies its own limit only to a head that arrives in several pieces.
    void count_head(std::size_t bytes, error_code& ec) {
        constexpr std::size_t punctuation = 4;  // ": " and the end of the line
        head_bytes_ += bytes + punctuation;
        if (head_bytes_ > max_head_bytes) ec = beast::http::error::header_limit;
    }

    request& into_;
    std::size_t head_bytes_ = 0;
    int hosts_ = 0;
    bool has_transfer_encoding_ = false;
};

parser::parser(request& into) : into_(into), machine_(std::make_unique<machine>(into)) {}
parser::~parser() = default;

void parser::reset() {
    into_.clear();
    machine_ = std::make_unique<machine>(into_);
    started_ = false;
    error_ = 0;
}

std::size_t parser::feed(std::string_view bytes) {
    std::size_t used = 0;
    if (!started_)  // an empty line before a request is ignored (RFC 9112, section 2.2)
        used = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    started_ = started_ || used < bytes.size();
    while (used < bytes.size() && !done() && error_ == 0) {
        error_code ec;
        const auto rest = bytes.substr(used);
        // Beast asserts that a last chunk cut in its middle is offered again with all of its five bytes ("0", CRLF,
        // CRLF).
        if (head_done() && machine_->chunked() && rest.size() < shortest_last_chunk) break;
        const std::size_t n = machine_->put(boost::asio::const_buffer(rest.data(), rest.size()), ec);
        used += n;
        if (ec == beast::http::error::need_more) break;
        if (ec) error_ = status_of(ec);
        if (n == 0) break;
    }
    // A chunk's extensions or a trailer that never end must not pile up while their end is awaited.
    if (error_ == 0 && !done() && bytes.size() - used > max_head_bytes) error_ = 431;
    return used;
}

bool parser::started() const noexcept { return started_; }
bool parser::head_done() const noexcept { return machine_->is_header_done(); }
bool parser::done() const noexcept { return machine_->is_done(); }
int parser::error() const noexcept { return error_; }
bool parser::keep_alive() const { return machine_->keep_alive(); }
bool parser::http_1_0() const { return machine_->is_1_0; }
bool parser::wants_continue() const { return machine_->expects_continue && !machine_->is_1_0; }

}  // namespace veil::http
