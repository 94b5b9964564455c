#include "steering.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace veil::fake_push {
namespace {

constexpr std::chrono::milliseconds slow_by_default{3000};

struct once_word {
    std::string_view word;
    act what;
    const char* reason;
};

constexpr std::array once_words{
    once_word{"mute", act::mute, "muted"},      once_word{"drop", act::drop, "dropped"},
    once_word{"reset", act::reset, "reset"},    once_word{"refused", act::refuse, "refused"},
    once_word{"goaway", act::goaway, "goaway"}, once_word{"garbage", act::garbage, "garbage"},
};

void send(const std::shared_ptr<test::h2_listener::connection>& to, std::int32_t stream, const answer& what) {
    if (what.streams) to->server().set_max_streams(*what.streams);
    to->server().respond(stream, what.status, what.headers, what.body);
    to->flush();
}

void send_later(boost::asio::io_context& io, const std::shared_ptr<test::h2_listener::connection>& to,
                std::int32_t stream, answer what) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(io, what.delay);
    timer->async_wait([timer, to, stream, what = std::move(what)](const boost::system::error_code& ec) {
        if (!ec) send(to, stream, what);
    });
}

}  // namespace

steer read_steer(std::string_view device_token) {
    const auto dash = device_token.find('-');
    if (dash == std::string_view::npos) return {};
    steer read{.word = device_token.substr(0, dash), .number = {}};
    const auto rest = device_token.substr(dash + 1);
    int number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const bool ends_well = end != rest.data() + rest.size() && *end == '-';
    if (error == std::errc{} && number >= 0 && ends_well) read.number = number;
    return read;
}

std::optional<answer> steer_transport(const steer& wanted, const std::string& device_token, tries& made,
                                      std::uint32_t streams) {
    const auto once = std::ranges::find(once_words, wanted.word, &once_word::word);
    if (once != once_words.end()) {
        if (made.next(device_token) > 1) return answer{};
        return answer{.what = once->what, .status = 0, .reason = once->reason};
    }
    if (wanted.word == "hang") return answer{.what = act::hang, .status = 0, .reason = "hung"};
    if (wanted.word == "slow")
        return answer{.delay = wanted.number ? std::chrono::milliseconds(*wanted.number) : slow_by_default};
    if (wanted.word == "badjson") return answer{.status = 400, .body = "this is not JSON"};
    if (wanted.word == "shrink") return answer{.streams = 1};
    if (wanted.word == "grow") return answer{.streams = streams};
    return std::nullopt;
}

bool still_failing(const steer& wanted, const std::string& device_token, tries& made) {
    return !wanted.number || made.next(device_token) <= *wanted.number;
}

void deliver(boost::asio::io_context& io, const std::shared_ptr<test::h2_listener::connection>& to, std::int32_t stream,
             answer what) {
    auto& server = to->server();
    switch (what.what) {
        case act::answer:
            return what.delay.count() == 0 ? send(to, stream, what) : send_later(io, to, stream, std::move(what));
        case act::hang:
            return;
        case act::mute:
            return to->mute();
        case act::drop:
            return to->drop();
        case act::reset:
            return server.reset(stream, NGHTTP2_INTERNAL_ERROR);
        case act::refuse:
            return server.reset(stream, NGHTTP2_REFUSED_STREAM);
        case act::goaway:
            return server.goaway(std::max(0, stream - 2));
        case act::garbage:
            to->say("this is not HTTP/2, by no means\r\n\r\n");
            return to->finish();
    }
}

}  // namespace veil::fake_push
