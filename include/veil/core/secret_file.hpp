// Secrets in files. Any thread.
#pragma once

#include <string>
#include <veil/core/secret.hpp>

namespace veil::core {

struct secret_file {
    secret text;               // the whole file
    bool open_to_all = false;  // every user of the machine may read it
};

// Reads a regular file of less than 64 KiB; an empty one is an empty text. Throws std::invalid_argument, which says
// what is wrong in words that follow the name of a variable, and nothing of the content.
secret_file read_secret_file(const std::string& path);

}  // namespace veil::core
