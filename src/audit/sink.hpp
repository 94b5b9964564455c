// Where the lines of the audit trail go: a file or stderr, one write a line, from a thread of its own. Owned by the
// trail; any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace veil::audit {

class sink {
 public:
    struct limits {
        std::size_t max_waiting = 8'192;  // lines that could not be written yet; more are counted and lost
        std::chrono::milliseconds retry{1'000};
    };

    // path: of a file, or empty for stderr. gap: gives the line that says how many were lost. Throws std::runtime_error
    // when the file cannot be opened.
    sink(std::string path, std::function<std::string(std::size_t)> gap);
    sink(std::string path, std::function<std::string(std::size_t)> gap, limits with);
    sink(const sink&) = delete;
    sink& operator=(const sink&) = delete;

    // Writes what waits; what cannot be written now is given up and counted in the log.
    ~sink();

    // Takes one line, with its end.
    void put(std::string line);

    // Opens the file anew for what is written from now on. Throws std::runtime_error, and the old one stays.
    void reopen();

 private:
    void work();
    bool write_next(std::unique_lock<std::mutex>& lock);
    void settle(bool written, int error);
    void take_replacement();

    const std::string path_;
    const std::function<std::string(std::size_t)> gap_;
    const limits limits_;
    std::mutex mutex_;  // guards what follows but file_, torn_ and failing_, which are the thread's
    std::condition_variable changed_;
    std::deque<std::string> waiting_;
    std::size_t lost_ = 0;
    int replacement_ = -1;
    bool stopping_ = false;
    int file_ = -1;
    bool torn_ = false;     // the last line stands there in part
    bool failing_ = false;  // and the log knows
    std::thread thread_;
};

}  // namespace veil::audit
