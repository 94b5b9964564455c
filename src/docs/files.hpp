// The files of the pages. Their definition is written by cmake/embed_pages.cmake when the server is built.
#pragma once

#include <span>
#include <string_view>

namespace veil::docs {

struct file {
    std::string_view name;
    std::string_view text;
};

std::span<const file> embedded_files();

}  // namespace veil::docs
