// Any bytes, cut anywhere, through the HTTP parser: it ends in a request or a refusal, never in a crash or a loop.
#include <cstdint>
#include <cstdlib>
#include <http/parser.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = data[0] == 0 ? 1 : data[0];
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    veil::http::request request;
    veil::http::parser parser(request);
    std::string pending;
    while (!bytes.empty() && parser.error() == 0) {
        pending += bytes.substr(0, step);
        bytes.remove_prefix(std::min(step, bytes.size()));
        for (std::size_t used = 1; used > 0 && !pending.empty() && parser.error() == 0;) {
            used = parser.feed(pending);
            pending.erase(0, used);
            if (!parser.done()) continue;
            if (request.body.size() > veil::http::max_body_bytes) std::abort();
            parser.reset();
        }
    }
    return 0;
}
