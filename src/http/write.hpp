// An answer as bytes: status line, headers and body in one text, so that one write sends it.
#pragma once

#include <string>
#include <veil/http/message.hpp>

namespace veil::http {

enum class connection { keep_alive, keep_alive_1_0, close };

// Appends the answer to `out`. `head_only`: the answer to HEAD, which has the headers of GET and no body.
void append_response(std::string& out, const response& answer, std::string_view request_id, connection then,
                     bool head_only);

}  // namespace veil::http
