// The client of bench/overload.sh. Requests are lines of METHOD, PATH, TOKEN and BODY, separated by tabs, taken in
// turn.
//
//   veil-bench-overload peak PORT REQUESTS CONNECTIONS SECONDS
//       each connection asks again as soon as it is answered
//   veil-bench-overload open PORT REQUESTS CONNECTIONS SECONDS RATE PROBES
//       RATE requests a second, whether the ones before were answered or not: each has a time at which it is due, and
//       its answer's time counts from there. It takes a free connection or makes one, up to CONNECTIONS; when there is
//       none left it is not sent. Beside them 20 requests a second from PROBES.
//
// Prints a line for the requests, and one for the probes: per second answered with 2xx, per second refused with 503,
// number of other ends, number not sent, and milliseconds: median and p99 of what was answered, p99 of what was
// refused.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <veil/async/pause.hpp>
#include <veil/async/task_group.hpp>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using time_point = steady_clock::time_point;

constexpr auto tick = 1ms;
constexpr auto patience = 10s;  // for one answer
constexpr double probes_per_second = 20;

// Whole requests as bytes.
std::vector<std::string> read_requests(const std::string& path) {
    std::vector<std::string> out;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream parts(line);
        std::string method, target, token, body;
        std::getline(parts, method, '\t');
        std::getline(parts, target, '\t');
        std::getline(parts, token, '\t');
        std::getline(parts, body, '\t');
        auto text = fmt::format("{} {} HTTP/1.1\r\nHost: bench\r\n", method, target);
        if (token.starts_with("webhook "))
            text += fmt::format("X-Webhook-Secret: {}\r\n", token.substr(8));
        else if (!token.empty())
            text += fmt::format("Authorization: Bearer {}\r\n", token);
        if (!body.empty()) text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
        out.push_back(text + "\r\n" + body);
    }
    if (out.empty()) throw std::runtime_error("no requests in " + path);
    return out;
}

std::int64_t number_in(std::string_view text) {
    std::int64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

class connection {
 public:
    explicit connection(const asio::any_io_executor& executor) : socket_(executor) {}

    // Sends a request and returns the status of its answer; 0 when there is none, and the connection is a new one then.
    awaitable<int> ask(const tcp::endpoint& at, const std::string& request) {
        int status = 0;
        asked_at_ = steady_clock::now();
        try {
            status = co_await exchange(at, request);
        } catch (const boost::system::system_error&) {
            end();
            in_.clear();
        }
        asked_at_ = time_point::max();
        co_return status;
    }

    // Ends a request that is not answered in time. A deadline for each would cost as much as the request.
    void give_up(time_point now) {
        if (asked_at_ < now - patience) end();
    }

 private:
    awaitable<int> exchange(const tcp::endpoint& at, const std::string& request) {
        if (!socket_.is_open()) {
            co_await socket_.async_connect(at, asio::use_awaitable);
            socket_.set_option(tcp::no_delay(true));
        }
        co_await asio::async_write(socket_, asio::buffer(request), asio::use_awaitable);
        const auto head_size =
            co_await asio::async_read_until(socket_, asio::dynamic_buffer(in_), "\r\n\r\n", asio::use_awaitable);
        const auto head = std::string_view(in_).substr(0, head_size);
        const auto status = static_cast<int>(number_in(head.substr(sizeof "HTTP/1.1")));
        const auto length = head.find("Content-Length: ");
        const auto body = length == head.npos ? 0 : number_in(head.substr(length + sizeof "Content-Length:"));
        const auto whole = head_size + static_cast<std::size_t>(body);
        if (in_.size() < whole)
            co_await asio::async_read(socket_, asio::dynamic_buffer(in_), asio::transfer_exactly(whole - in_.size()),
                                      asio::use_awaitable);
        in_.erase(0, whole);
        co_return status;
    }

    void end() {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    tcp::socket socket_;
    std::string in_;
    time_point asked_at_ = time_point::max();
};

// Requests of one kind and what became of them.
class stream {
 public:
    stream(asio::any_io_executor executor, tcp::endpoint at, const std::string& requests, std::size_t connections)
        : executor_(executor),
          at_(std::move(at)),
          requests_(read_requests(requests)),
          most_(connections),
          tasks_(executor) {}

    awaitable<void> peak(std::chrono::seconds time) {
        const auto until = steady_clock::now() + time;
        for (std::size_t i = 0; i < most_; ++i) tasks_.spawn("loop", ask_until(made(), until));
        co_await finish();
    }

    awaitable<void> open(double rate, std::chrono::seconds time) {
        const auto begin = steady_clock::now();
        std::size_t sent = 0;
        while (steady_clock::now() - begin < time) {
            const auto due = [&](std::size_t n) {
                return begin + std::chrono::duration_cast<steady_clock::duration>(
                                   std::chrono::duration<double>(static_cast<double>(n) / rate));
            };
            for (const auto now = steady_clock::now(); due(sent) <= now; ++sent) send(due(sent));
            give_up();
            co_await veil::async::pause(tick);
        }
        co_await finish();
    }

    void print(double seconds) {
        fmt::print("{:.1f}\t{:.1f}\t{}\t{}\t{:.2f}\t{:.2f}\t{:.2f}\n", static_cast<double>(answered_.size()) / seconds,
                   static_cast<double>(refused_.size()) / seconds, failed_, unsent_, percentile(answered_, 50),
                   percentile(answered_, 99), percentile(refused_, 99));
    }

 private:
    static double percentile(std::vector<double>& of, std::size_t percent) {
        if (of.empty()) return 0;
        const auto at = of.begin() + static_cast<std::ptrdiff_t>((of.size() - 1) * percent / 100);
        std::ranges::nth_element(of, at);
        return *at;
    }

    const std::string& next() { return requests_[next_++ % requests_.size()]; }

    connection& made() { return *connections_.emplace_back(std::make_unique<connection>(executor_)); }

    void send(time_point due) {
        if (free_.empty() && connections_.size() < most_) free_.push_back(&made());
        if (free_.empty()) {
            ++unsent_;
            return;
        }
        auto& chosen = *free_.back();
        free_.pop_back();
        tasks_.spawn("request", ask_once(chosen, due));
    }

    awaitable<void> ask(connection& over, time_point due) {
        const int status = co_await over.ask(at_, next());
        const double ms = std::chrono::duration<double, std::milli>(steady_clock::now() - due).count();
        if (status >= 200 && status < 300)
            answered_.push_back(ms);
        else if (status == 503)
            refused_.push_back(ms);
        else
            ++failed_;
    }

    awaitable<void> ask_once(connection& over, time_point due) {
        co_await ask(over, due);
        free_.push_back(&over);
    }

    awaitable<void> ask_until(connection& over, time_point until) {
        while (steady_clock::now() < until) co_await ask(over, steady_clock::now());
    }

    // Looks for requests whose time is over, four times a second.
    void give_up() {
        const auto now = steady_clock::now();
        if (now < looked_at_ + 250ms) return;
        looked_at_ = now;
        for (auto& each : connections_) each->give_up(now);
    }

    // Waits for the answers to what has been sent.
    awaitable<void> finish() {
        while (tasks_.size() > 0) {
            give_up();
            co_await veil::async::pause(tick);
        }
    }

    asio::any_io_executor executor_;
    tcp::endpoint at_;
    std::vector<std::string> requests_;
    std::size_t most_;
    std::size_t next_ = 0, failed_ = 0, unsent_ = 0;
    std::vector<std::unique_ptr<connection>> connections_;
    std::vector<connection*> free_;
    time_point looked_at_{};
    std::vector<double> answered_, refused_;  // milliseconds
    veil::async::task_group tasks_;
};

void run(std::span<const std::string> words) {
    const bool is_open = !words.empty() && words[0] == "open";
    if (words.size() != (is_open ? 7U : 5U) || (!is_open && words[0] != "peak"))
        throw std::runtime_error("see the head of bench/overload_client.cpp");
    asio::io_context io(1);
    const tcp::endpoint at(asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(number_in(words[1])));
    const std::chrono::seconds time(number_in(words[4]));
    const auto connections = static_cast<std::size_t>(number_in(words[3]));
    stream load(io.get_executor(), at, words[2], connections);
    std::unique_ptr<stream> probe;
    veil::async::task_group both(io.get_executor());
    const auto begin = steady_clock::now();
    if (is_open) {
        probe = std::make_unique<stream>(io.get_executor(), at, words[6], connections);
        both.spawn("load", load.open(static_cast<double>(number_in(words[5])), time));
        both.spawn("probe", probe->open(probes_per_second, time));
    } else {
        both.spawn("load", load.peak(time));
    }
    io.run();
    const auto took = std::chrono::duration<double>(steady_clock::now() - begin).count();
    load.print(is_open ? std::chrono::duration<double>(time).count() : took);
    if (probe) probe->print(std::chrono::duration<double>(time).count());
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::vector<std::string> words(argv + 1, argv + argc);
        run(words);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
}
