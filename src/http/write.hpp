// An answer as bytes: status line, headers and body in one text, so that one write sends it. Only a fixed body stays
// where it is.
#pragma once

#include <string>
#include <veil/http/message.hpp>

namespace veil::http {

enum class connection { keep_alive, keep_alive_1_0, close };

// Appends the answer to `out`, but for a fixed body. `head_only`: the answer to HEAD, which has the headers of GET and
// no body.
void append_response(std::string& out, const response& answer, std::string_view request_id, connection then,
                     bool head_only);

}  // namespace veil::http
