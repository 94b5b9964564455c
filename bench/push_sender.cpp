// The sender alone, as bench/push.sh measures it: the push module of veil-api, configured by the same environment, but
// without HTTP in front of it.
//
//   veil-bench-push rate COUNT IN_FLIGHT
//       prints "pushes seconds cpu_seconds" of COUNT accepted pushes to Apple over one connection, IN_FLIGHT at a time
//   veil-bench-push queue COUNT
//       prints "before_kb queued_kb most_kb": the memory of this process without and with COUNT calls under way to
//       devices that never answer
//   veil-bench-push request FOLDER
//       writes such a push for another client: FOLDER/headers (with the provider token, so for its owner only) and
//       FOLDER/body
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <veil/async/pause.hpp>
#include <veil/async/task_group.hpp>
#include <veil/config/config.hpp>
#include <veil/core/uuid.hpp>
#include <veil/db/pool.hpp>
#include <veil/log/log.hpp>

#include "app/options.hpp"
#include "push/apns.hpp"
#include "push/apns_tokens.hpp"
#include "push/dispatcher.hpp"
#include "push/files.hpp"

namespace {

namespace asio = boost::asio;
namespace push = veil::push;
using namespace std::chrono_literals;
using asio::awaitable;
using std::chrono::steady_clock;

constexpr auto answer_limit = 1'800ms;  // what the webhook gives the dispatcher
constexpr auto all_queued = 1'500ms;    // within it no call has been answered yet
constexpr auto observed = 3s;           // past the answers and the first attempts that got no stream
constexpr auto sample_interval = 20ms;

// What every part needs.
struct setting {
    explicit setting(asio::io_context& io)
        : executor(io.get_executor()),
          configuration(veil::config::load(veil::config::process_environment)),
          options(veil::app::push_options(configuration)),
          database({.dsn = veil::app::api_dsn(configuration)}) {}

    asio::any_io_executor executor;
    veil::config::settings configuration;
    push::options options;
    veil::db::pool database;
    veil::core::system_clock clock;
};

push::message call(const setting& with, std::size_t number) {
    const auto now = with.clock.now();
    return {.what = push::message::kind::call,
            .call_id = fmt::format("bench-{:08}", number),
            .caller_name = "Alice Example",
            .call_type = "audio",
            .reason = {},
            .sent_at = now,
            .expires_at = now + with.options.ring_time.count()};
}

// A token of Apple's has 64 digits; a prefix tells the fake provider what to do.
push::device phone(const setting& with, std::size_t number, std::string_view prefix = "") {
    const auto name = fmt::format("{:08}", number);
    return {.jid = "bench" + name + "@" + with.options.xmpp_domain,
            .device_id = "phone",
            .platform = "ios",
            .token = fmt::format("{}{:064x}", prefix, number),
            .app_id = with.options.apns_bundle_id,
            .environment = {},
            .registered_at = "2026-01-01 00:00:00+00"};
}

void must_be_accepted(const push::outcome& seen) {
    if (seen.what != push::result::accepted) throw std::runtime_error("a push was not accepted: " + describe(seen));
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

long rss_kb() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
    throw std::runtime_error("no VmRSS in /proc/self/status");
}

// ---- rate

struct tally {
    std::size_t wanted = 0, started = 0, accepted = 0;
};

awaitable<void> send_one(const setting& with, push::apns& to, std::size_t number) {
    const auto what = call(with, number);
    const auto device = phone(with, number);
    const auto push_id = veil::core::uuid4();
    must_be_accepted(co_await to.send({what, device, push_id, steady_clock::now() + with.options.ring_time}));
}

awaitable<void> send_some(const setting& with, push::apns& to, tally& all) {
    while (all.started < all.wanted) {
        co_await send_one(with, to, ++all.started);
        ++all.accepted;
    }
}

// The first push, which opens the connection to more than one stream, does not count.
awaitable<void> rate(setting& with, std::size_t count, std::size_t in_flight) {
    push::apns to(with.executor, with.options, with.database, with.clock);
    veil::async::task_group senders(with.executor);
    to.start();
    co_await send_one(with, to, 0);
    tally all{.wanted = count};
    const double cpu = cpu_seconds();
    const auto begin = steady_clock::now();
    for (std::size_t i = 0; i < in_flight; ++i) senders.spawn("sender", send_some(with, to, all));
    co_await senders.drained();
    const std::chrono::duration<double> took = steady_clock::now() - begin;
    const double used = cpu_seconds() - cpu;
    co_await to.stop();
    if (all.accepted != count)
        throw std::runtime_error(fmt::format("only {} of {} pushes were accepted", all.accepted, count));
    fmt::print("{} {:.6f} {:.6f}\n", count, took.count(), used);
}

// ---- queue

struct answers {
    std::size_t given = 0;
    std::int64_t accepted = 0;
    std::exception_ptr failure;
};

// Without a coroutine of its own around it, as the memory of this program shall be that of the pushes.
void ring(const setting& with, push::dispatcher& post, std::size_t number, answers& all) {
    push::claim taken{.what = push::claim::state::ours, .call = static_cast<std::int64_t>(number)};
    taken.devices.push_back(phone(with, number, "hang-"));
    asio::co_spawn(with.executor,
                   post.ring(std::move(taken), call(with, number), {.request_id = {}, .at = steady_clock::now()},
                             steady_clock::now() + answer_limit),
                   [&all](const std::exception_ptr& thrown, std::int64_t accepted) {
                       if (thrown) all.failure = thrown;
                       all.accepted += accepted;
                       ++all.given;
                   });
}

awaitable<long> most_rss_until(steady_clock::time_point until) {
    long most = rss_kb();
    while (steady_clock::now() < until) {
        co_await veil::async::pause(sample_interval);
        most = std::max(most, rss_kb());
    }
    co_return most;
}

awaitable<void> fill(const setting& with, push::dispatcher& post, std::size_t count, answers& all) {
    must_be_accepted(co_await post.test(call(with, 0), std::make_shared<const push::device>(phone(with, 0))));
    const auto before = rss_kb();
    const auto begin = steady_clock::now();
    for (std::size_t number = 1; number <= count; ++number) ring(with, post, number, all);
    const auto queued = co_await most_rss_until(begin + all_queued);
    const auto early = all.given;
    const auto later = co_await most_rss_until(begin + observed);
    if (early != 0) throw std::runtime_error(fmt::format("{} of {} calls did not wait", early, count));
    if (all.failure) std::rethrow_exception(all.failure);
    if (all.given != count || all.accepted != 0) throw std::runtime_error("calls were answered as they should not be");
    fmt::print("{} {} {}\n", before, queued, std::max(queued, later));
}

// One device a call, as it mostly is. The fake provider has 1,000 streams: so many pushes are on the wire and the
// others wait for theirs.
awaitable<void> queue(setting& with, std::size_t count) {
    push::providers by_platform(with.executor, with.options, with.database, with.clock);
    push::calls known_calls(with.database);
    push::dispatcher post(with.executor, by_platform, known_calls, with.database, with.clock, with.options.ring_time);
    by_platform.start();
    post.start();
    answers all;
    std::exception_ptr failure;
    try {
        co_await fill(with, post, count, all);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await post.stop();
    co_await by_platform.stop();
    if (failure) std::rethrow_exception(failure);
}

// ---- request

void write_private(const std::filesystem::path& file, const std::string& text) {
    ::umask(S_IRWXG | S_IRWXO);
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + file.string());
}

awaitable<void> request(setting& with, std::filesystem::path folder) {
    const auto& o = with.options;
    veil::crypto::signing_key key(push::read_secret_file("APNS_KEY_PATH", o.apns_key_path),
                                  veil::crypto::signature::es256);
    push::apns_tokens tokens(with.executor, with.database, with.clock, {std::move(key), o.apns_key_id, o.apns_team_id},
                             o.sealing_secret);
    co_await tokens.look();
    const auto what = call(with, 0);
    write_private(folder / "headers",
                  fmt::format("authorization: {}\napns-topic: {}.voip\n"
                              "apns-push-type: voip\napns-priority: 10\napns-expiration: {}\n"
                              "apns-id: {}\n",
                              tokens.current()->reveal(), o.apns_bundle_id, what.expires_at, veil::core::uuid4()));
    write_private(folder / "body", push::apns_payload(what));
}

// ----

std::size_t number(std::string_view text) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value == 0)
        throw std::invalid_argument(fmt::format("'{}' is no number above 0", text));
    return value;
}

awaitable<void> chosen(setting& with, std::span<char*> words) {
    const std::string_view name = words.empty() ? "" : words[0];
    if (name == "rate" && words.size() == 3) return rate(with, number(words[1]), number(words[2]));
    if (name == "queue" && words.size() == 2) return queue(with, number(words[1]));
    if (name == "request" && words.size() == 2) return request(with, words[1]);
    throw std::invalid_argument("rate COUNT IN_FLIGHT, queue COUNT, or request FOLDER is wanted");
}

void run(std::span<char*> words) {
    asio::io_context io{1};
    setting with(io);
    std::exception_ptr failure;
    asio::co_spawn(io, chosen(with, words), [&](const std::exception_ptr& thrown) { failure = thrown; });
    io.run();
    with.database.stop();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

int main(int argc, char** argv) {
    veil::log::start(veil::log::level::warn, veil::log::format::text);
    int code = 0;
    try {
        run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        fmt::print(stderr, "veil-bench-push: {}\n", error.what());
        code = 1;
    }
    veil::log::stop();
    return code;
}
