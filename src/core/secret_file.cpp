#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <veil/core/secret_file.hpp>

namespace veil::core {
namespace {

constexpr std::size_t max_bytes = 64 * 1024;

class descriptor {
 public:
    // Not blocking, so that a pipe that nobody writes to is told from a file.
    explicit descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int operator*() const noexcept { return number_; }

 private:
    int number_;
};

[[noreturn]] void cannot_be_read() {
    throw std::invalid_argument(std::string("cannot be read: ") + std::strerror(errno));
}

}  // namespace

secret_file read_secret_file(const std::string& path) {
    const descriptor file(path);
    struct stat about{};
    if (*file < 0 || ::fstat(*file, &about) != 0) cannot_be_read();
    if (!S_ISREG(about.st_mode)) throw std::invalid_argument("is not a regular file");
    std::string text(max_bytes, '\0');
    std::size_t size = 0;
    while (size < max_bytes) {
        const auto n = ::read(*file, text.data() + size, max_bytes - size);
        if (n < 0) cannot_be_read();
        if (n == 0) break;
        size += static_cast<std::size_t>(n);
    }
    if (size == max_bytes) throw std::invalid_argument("is too large for a key");
    text.resize(size);
    return {secret(std::move(text)), (about.st_mode & S_IROTH) != 0};
}

}  // namespace veil::core
