#include "files.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace veil::push {
namespace {

constexpr std::streamsize max_bytes = 64 * 1024;

}  // namespace

core::secret read_secret_file(const std::string& variable, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::invalid_argument(variable + " cannot be read: " + std::strerror(errno));
    std::string text(static_cast<std::size_t>(max_bytes), '\0');
    file.read(text.data(), max_bytes);
    const auto size = file.gcount();
    if (size == 0) throw std::invalid_argument(variable + " is an empty file or none");
    if (size == max_bytes) throw std::invalid_argument(variable + " is too large for a key");
    text.resize(static_cast<std::size_t>(size));
    return core::secret(std::move(text));
}

}  // namespace veil::push
