// The files of the page. Their definition is written by cmake/embed_pages.cmake when the server is built.
#pragma once

#include <veil/http/pages.hpp>

namespace veil::demo {

http::embedded_files embedded_files();

}  // namespace veil::demo
