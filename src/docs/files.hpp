// The files of the pages. Their definition is written by cmake/embed_pages.cmake when the server is built.
#pragma once

#include <veil/http/pages.hpp>

namespace veil::docs {

http::embedded_files embedded_files();

}  // namespace veil::docs
