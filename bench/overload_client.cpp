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
#include <veil/async/deadline.hpp>
#include <veil/async/pause.hpp>
#include <veil/async/task_group.hpp>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

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

    // Sends a request and returns the status of its answer.
    awaitable<int> ask(const tcp::endpoint& at, const std::string& request) {
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

 private:
    tcp::socket socket_;
    std::string in_;
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
        for (std::size_t i = 0; i < most_; ++i) tasks_.spawn("loop", ask_until(until));
        co_await tasks_.drained();
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
            co_await veil::async::pause(tick);
        }
        co_await tasks_.drained();
    }

    void print(double seconds) {
        fmt::print("{:.1f}\t{:.1f}\t{}\t{}\t{:.2f}\t{:.2f}\t{:.2f}\n", static_cast<double>(answered_.size()) / seconds,
                   static_cast<double>(refused_.size()) / seconds, failed_, unsent_, percentile(answered_, 50),
                   percentile(answered_, 99), percentile(refused_, 99));
    }

 private:
    using time_point = steady_clock::time_point;

    static double percentile(std::vector<double>& of, std::size_t percent) {
        if (of.empty()) return 0;
        const auto at = of.begin() + static_cast<std::ptrdiff_t>((of.size() - 1) * percent / 100);
        std::ranges::nth_element(of, at);
        return *at;
    }

    const std::string& next() { return requests_[next_++ % requests_.size()]; }

    void send(time_point due) {
        if (!free_.empty()) {
            auto chosen = std::move(free_.back());
            free_.pop_back();
            tasks_.spawn("request", ask_once(std::move(chosen), due));
        } else if (made_ < most_) {
            ++made_;
            tasks_.spawn("request", ask_once(std::make_unique<connection>(executor_), due));
        } else {
            ++unsent_;
        }
    }

    awaitable<bool> ask(connection& over, time_point due) {
        int status = 0;
        try {
            status = co_await veil::async::with_deadline(patience, over.ask(at_, next()), "an answer");
        } catch (const std::exception&) {
            ++failed_;
        }
        const double ms = std::chrono::duration<double, std::milli>(steady_clock::now() - due).count();
        if (status >= 200 && status < 300)
            answered_.push_back(ms);
        else if (status == 503)
            refused_.push_back(ms);
        else if (status != 0)
            ++failed_;
        co_return status != 0;
    }

    awaitable<void> ask_once(std::unique_ptr<connection> over, time_point due) {
        if (co_await ask(*over, due))
            free_.push_back(std::move(over));
        else
            --made_;
    }

    awaitable<void> ask_until(time_point until) {
        auto over = std::make_unique<connection>(executor_);
        while (steady_clock::now() < until)
            if (!co_await ask(*over, steady_clock::now())) over = std::make_unique<connection>(executor_);
    }

    asio::any_io_executor executor_;
    tcp::endpoint at_;
    std::vector<std::string> requests_;
    std::size_t most_;
    std::size_t next_ = 0, made_ = 0, failed_ = 0, unsent_ = 0;
    std::vector<std::unique_ptr<connection>> free_;
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
