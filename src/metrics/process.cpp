#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <span>
#include <string_view>
#include <veil/metrics/metrics.hpp>

namespace veil::metrics {
namespace {

constexpr family cpu{"process_cpu_seconds_total", "Processor time used, user and system, in seconds."};
constexpr family resident{"process_resident_memory_bytes", "Memory that is in RAM."};
constexpr family virtual_memory{"process_virtual_memory_bytes", "Address space in use."};
constexpr family open_files{"process_open_fds", "File descriptors in use."};
constexpr family max_files{"process_max_fds", "File descriptors allowed (the soft limit)."};
constexpr family started{"process_start_time_seconds", "When the process began, in Unix seconds."};
constexpr family build{"veil_build_info", "1, with the version of the server."};

// Numbers of /proc/self/stat behind the name of the process (proc(5)): the third field is the first one here.
struct process_stat {
    double cpu_seconds = 0, started_after_boot = 0, virtual_bytes = 0, resident_bytes = 0;
};

// What a small file holds, at most as much as fits. Without streams: they would cost an idle server 100 KB.
std::string_view read_file(const char* path, std::span<char> into) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    const auto size = ::read(file, into.data(), into.size());
    ::close(file);
    return {into.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

process_stat read_stat() {
    std::array<char, 1024> buffer;
    const auto line = read_file("/proc/self/stat", buffer);
    std::array<std::uint64_t, 22> field{};  // those from the state on; what is no number stays 0
    const auto name_end = line.rfind(')');
    std::size_t at = name_end == std::string_view::npos ? line.size() : name_end + 2;
    for (std::size_t n = 0; n < field.size() && at < line.size(); ++n) {
        const auto end = std::min(line.find(' ', at), line.size());
        std::from_chars(line.data() + at, line.data() + end, field[n]);
        at = end + 1;
    }
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return {.cpu_seconds = static_cast<double>(field[11] + field[12]) / ticks,
            .started_after_boot = static_cast<double>(field[19]) / ticks,
            .virtual_bytes = static_cast<double>(field[20]),
            .resident_bytes = static_cast<double>(field[21]) * static_cast<double>(::sysconf(_SC_PAGESIZE))};
}

double seconds_on(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double count_open_files() {
    DIR* const folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return 0;
    double count = -3;  // for ".", "..", and the one that looking takes
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    return count;
}

double file_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void measure_process(registry& into) {
    into.make_gauge(build, {{"version", VEIL_VERSION}}).set(1);
    into.make_gauge(started).set(seconds_on(CLOCK_REALTIME) - seconds_on(CLOCK_BOOTTIME) +
                                 read_stat().started_after_boot);
    into.on_scrape([used = into.make_counter(cpu), memory = into.make_gauge(resident),
                    space = into.make_gauge(virtual_memory), files = into.make_gauge(open_files),
                    limit = into.make_gauge(max_files)]() mutable {
        const auto now = read_stat();
        used.raise_to(now.cpu_seconds);
        memory.set(now.resident_bytes);
        space.set(now.virtual_bytes);
        files.set(count_open_files());
        limit.set(file_limit());
    });
}

}  // namespace veil::metrics
