#include "sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <veil/log/log.hpp>

namespace veil::audit {
namespace {

std::runtime_error cannot_open(const std::string& path, const char* why) {
    return std::runtime_error("AUDIT_LOG " + path + " cannot be opened: " + why);
}

// Empty path: stderr, which is not ours to close.
int open_file(const std::string& path) {
    if (path.empty()) return STDERR_FILENO;
    // Not blocking, so that a pipe that nobody reads is told from a file.
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR);
    if (file < 0) throw cannot_open(path, std::strerror(errno));
    struct stat about{};
    if (::fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        ::close(file);
        throw cannot_open(path, "it is not a regular file");
    }
    if ((about.st_mode & S_IROTH) != 0) log::warn("AUDIT_LOG can be read by every user of this machine");
    return file;
}

// One write for the whole line, so that lines of several processes do not mix. Returns how much of it was written; less
// than all with errno set.
std::size_t write_line(int file, std::string_view line) {
    std::size_t done = 0;
    while (done < line.size()) {
        const auto n = ::write(file, line.data() + done, line.size() - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

}  // namespace

sink::sink(std::string path, std::function<std::string(std::size_t)> gap)
    : sink(std::move(path), std::move(gap), limits()) {}

sink::sink(std::string path, std::function<std::string(std::size_t)> gap, limits with)
    : path_(std::move(path)), gap_(std::move(gap)), limits_(with), file_(open_file(path_)), thread_([this] {
          work();
      }) {}

sink::~sink() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
    take_replacement();
    if (!path_.empty()) ::close(file_);
    if (const auto left = waiting_.size() + lost_) log::error("{} lines of the audit log could not be written", left);
}

void sink::put(std::string line) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= limits_.max_waiting) {
            ++lost_;
            return;
        }
        waiting_.push_back(std::move(line));
    }
    changed_.notify_one();
}

void sink::reopen() {
    if (path_.empty()) return;
    const int opened = open_file(path_);
    {
        const std::lock_guard lock(mutex_);
        if (replacement_ >= 0) ::close(replacement_);
        replacement_ = opened;
    }
    changed_.notify_one();
}

void sink::take_replacement() {
    if (replacement_ < 0) return;
    ::close(file_);
    file_ = std::exchange(replacement_, -1);
    torn_ = false;
}

void sink::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || replacement_ >= 0 || !waiting_.empty(); });
        take_replacement();
        if (waiting_.empty()) {
            if (stopping_) return;
            continue;
        }
        if (write_next(lock)) continue;
        if (stopping_) return;
        changed_.wait_for(lock, limits_.retry, [this] { return stopping_ || replacement_ >= 0; });
    }
}

// Writes the line that has waited longest; it goes on waiting when that fails.
bool sink::write_next(std::unique_lock<std::mutex>& lock) {
    auto line = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const auto text = (torn_ ? "\n" : "") + line;
    const auto done = write_line(file_, text);
    const int error = errno;
    const bool written = done == text.size();
    torn_ = !written && (torn_ || done > 0);
    lock.lock();
    if (!written) waiting_.push_front(std::move(line));
    settle(written, error);
    return written;
}

// Says once that lines cannot be written, and once that they can again, with what was lost meanwhile.
void sink::settle(bool written, int error) {
    if (!written && !failing_)
        log::error("the audit log cannot be written: {}; up to {} lines wait until it can", std::strerror(error),
                   limits_.max_waiting);
    if (written && lost_ > 0) waiting_.push_front(gap_(lost_));
    if (written && failing_) log::warn("the audit log is written again; {} lines were lost", lost_);
    if (written) lost_ = 0;
    failing_ = !written;
}

}  // namespace veil::audit
