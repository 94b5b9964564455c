// The HTTP/2 client core with streams in flight, fed bytes of any kind in pieces of any size: the first byte of the
// input chooses the pieces.
#include <algorithm>
#include <client/http2_core.hpp>
#include <string_view>
#include <veil/core/errors.hpp>

#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    veil::fuzz::input input(data, size);
    const auto piece = input.choice(256) + 1;
    auto bytes = input.rest();
    const veil::client::http2_request request{
        .path = "/3/device/abc", .headers = {{"apns-topic", "com.example.veil.voip"}}, .body = "{\"call_id\":\"1\"}"};
    std::size_t ended = 0, submitted = 0;
    veil::client::http2_core core("api.example.com");
    const auto submit = [&] {
        core.submit(request, request.body, [&](veil::client::http2_end) { ++ended; });
        ++submitted;
    };
    submit();
    submit();
    try {
        while (!bytes.empty() && !core.broken()) {
            core.feed(bytes.substr(0, piece));
            bytes.remove_prefix(std::min(piece, bytes.size()));
            while (!core.take().empty()) continue;
            if (core.accepts() && submitted < 100) submit();
        }
    } catch (const veil::core::refused&) {  // what the connection ends with
    }
    core.abandon();
    veil::fuzz::demand(ended == submitted && core.in_flight() == 0);
    return 0;
}
