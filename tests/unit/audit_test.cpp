// The audit trail as whoever reads its file finds it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <audit/sink.hpp>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <support/temporary_folder.hpp>
#include <thread>
#include <veil/audit/audit.hpp>

namespace veil::audit {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::stringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

// Whether the condition holds within ten seconds.
template <class F>
bool soon(F condition) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::yield();
    }
    return true;
}

class audit_test : public testing::Test {
 protected:
    std::vector<std::string> lines(const std::string& name = "audit.log") const { return lines_of(folder_.read(name)); }
    std::string file() const { return folder_.path("audit.log"); }

    test::temporary_folder folder_;
    const source from_{.request_id = "request-1", .address = "192.0.2.7"};
};

TEST_F(audit_test, a_line_says_when_what_who_from_where_and_how_it_ended) {
    {
        const trail trail(file());
        write({.event = "logout", .from = from_, .account = "alice@example.com", .outcome = "ok"});
    }
    ASSERT_EQ(lines().size(), 1U);
    const auto line = nlohmann::json::parse(lines()[0]);
    EXPECT_EQ(line.at("log"), "audit");
    EXPECT_EQ(line.at("event"), "logout");
    EXPECT_EQ(line.at("request_id"), "request-1");
    EXPECT_EQ(line.at("account"), "alice@example.com");
    EXPECT_EQ(line.at("address"), "192.0.2.7");
    EXPECT_EQ(line.at("outcome"), "ok");
    EXPECT_EQ(line.at("detail"), "");
    const auto time = line.at("time").get<std::string>();
    ASSERT_EQ(time.size(), std::string("2026-01-31T12:00:00.000Z").size()) << time;
    EXPECT_EQ(std::string({time[4], time[10], time[13], time[19], time[23]}), "-T:.Z");
}

TEST_F(audit_test, an_action_that_does_not_end_has_failed) {
    {
        const trail trail(file());
        const action unfinished("deletion", from_, "alice@example.com");
        action finished("deletion", from_, "bob@example.com", "twice");
        finished.ended("ok");
    }
    ASSERT_EQ(lines().size(), 2U);
    EXPECT_EQ(nlohmann::json::parse(lines()[0]).at("outcome"), "ok");
    EXPECT_EQ(nlohmann::json::parse(lines()[0]).at("detail"), "twice");
    EXPECT_EQ(nlohmann::json::parse(lines()[1]).at("outcome"), "failed");
}

TEST_F(audit_test, nothing_can_forge_a_line) {
    const std::string nasty = "a\"}\n{\"event\":\"forged\"}\t\x01\x7f";
    {
        const trail trail(file());
        write({.event = "logout", .from = {nasty, nasty}, .account = nasty, .outcome = "ok", .detail = nasty});
    }
    ASSERT_EQ(lines().size(), 1U);
    const auto line = nlohmann::json::parse(lines()[0]);
    for (const auto* name : {"request_id", "account", "address", "detail"}) EXPECT_EQ(line.at(name), nasty) << name;
}

TEST_F(audit_test, the_file_is_its_owners_alone_and_is_never_begun_anew) {
    for (int i = 0; i < 2; ++i) {
        const trail trail(file());
        write({.event = "logout", .from = from_, .account = {}, .outcome = "ok"});
    }
    EXPECT_EQ(lines().size(), 2U);
    struct stat about{};
    ASSERT_EQ(::stat(file().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(audit_test, what_is_no_file_is_refused) {
    EXPECT_THROW(trail(folder_.path("")), std::runtime_error);
    EXPECT_THROW(trail(folder_.path("missing/audit.log")), std::runtime_error);
    ASSERT_EQ(::mkfifo(folder_.path("pipe").c_str(), 0600), 0);
    EXPECT_THROW(trail(folder_.path("pipe")), std::runtime_error);
}

TEST_F(audit_test, off_is_off) {
    const trail trail("off");
    write({.event = "logout", .from = from_, .account = {}, .outcome = "ok"});
    trail::reopen();
    EXPECT_FALSE(std::filesystem::exists("off"));
}

TEST_F(audit_test, a_file_that_was_moved_away_is_made_again_on_demand) {
    const trail trail(file());
    const auto note = [&] { write({.event = "logout", .from = from_, .account = {}, .outcome = "ok"}); };
    note();
    ASSERT_TRUE(soon([&] { return lines().size() == 1; }));
    std::filesystem::rename(file(), folder_.path("audit.log.1"));
    note();
    ASSERT_TRUE(soon([&] { return lines("audit.log.1").size() == 2; }));
    trail::reopen();
    note();
    ASSERT_TRUE(soon([&] { return lines().size() == 1; }));
    EXPECT_EQ(lines("audit.log.1").size(), 2U);
}

TEST_F(audit_test, without_its_folder_the_old_file_stays_in_use) {
    std::filesystem::create_directory(folder_.path("gone"));
    sink lines_to(folder_.path("gone/audit.log"), [](std::size_t) { return std::string(); });
    std::filesystem::rename(folder_.path("gone"), folder_.path("kept"));
    EXPECT_THROW(lines_to.reopen(), std::runtime_error);
    lines_to.put("a line\n");
    EXPECT_TRUE(soon([&] { return lines("kept/audit.log").size() == 1; }));
}

// A limit on the size of files is a full disk to a process. Writing beyond it also signals, unless that is ignored.
class full_disk {
 public:
    explicit full_disk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    full_disk(const full_disk&) = delete;
    full_disk& operator=(const full_disk&) = delete;
    ~full_disk() {
        free();
        std::signal(SIGXFSZ, handler_);
    }
    void free() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_F(audit_test, what_a_full_disk_does_not_take_is_written_later_or_counted) {
    full_disk disk(25);
    {
        sink lines_to(file(), [](std::size_t lost) { return std::to_string(lost) + " lost\n"; },
                      {.max_waiting = 3, .retry = 5ms});
        lines_to.put("the first line\n");
        ASSERT_TRUE(soon([&] { return lines().size() == 1; }));
        lines_to.put("the second line\n");  // does not fit
        ASSERT_TRUE(soon([&] { return lines().size() == 2; })) << "a part of it stands there";
        for (int i = 0; i < 100; ++i) lines_to.put("one more\n");
        disk.free();
        ASSERT_TRUE(soon([&] { return lines().size() >= 5; }));
    }
    const auto found = lines();
    EXPECT_EQ(found[0], "the first line");
    EXPECT_EQ(found[1], "the second");
    EXPECT_EQ(found[2], "the second line") << "on a line of its own";
    EXPECT_TRUE(found[3].ends_with(" lost")) << found[3];
    const auto lost = std::stoi(found[3]);
    EXPECT_EQ(lost + static_cast<int>(found.size()) - 4, 100);
    EXPECT_EQ(found.back(), "one more");
}

TEST_F(audit_test, lines_of_several_trails_do_not_mix) {
    constexpr int writers = 4, each = 200;
    const auto gap = [](std::size_t) { return std::string(); };
    {
        std::vector<std::unique_ptr<sink>> all;
        for (int i = 0; i < writers; ++i) all.push_back(std::make_unique<sink>(file(), gap));
        std::vector<std::thread> threads;
        for (int i = 0; i < writers; ++i)
            threads.emplace_back([&, i] {
                for (int n = 0; n < each; ++n) all[i]->put(std::string(200, static_cast<char>('a' + i)) + "\n");
            });
        for (auto& thread : threads) thread.join();
    }
    const auto found = lines();
    EXPECT_EQ(found.size(), static_cast<std::size_t>(writers * each));
    for (const auto& line : found) EXPECT_EQ(line, std::string(200, line.front()));
}

}  // namespace
}  // namespace veil::audit
