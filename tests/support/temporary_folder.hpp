// A folder that goes with its object, and files in it.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace veil::test {

class temporary_folder {
 public:
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "veil-unit.XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string path(const std::string& name) const { return (path_ / name).string(); }

    // Writes a file that only its owner may read, or everybody; its path.
    std::string write(const std::string& name, const std::string& text, bool for_all = false) const {
        using enum std::filesystem::perms;
        std::ofstream(path_ / name, std::ios::binary | std::ios::trunc) << text;
        std::filesystem::permissions(path_ / name, owner_read | owner_write | (for_all ? others_read : none));
        return path(name);
    }

    std::string read(const std::string& name) const {
        std::ifstream file(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

 private:
    std::filesystem::path path_;
};

}  // namespace veil::test
