// Any bytes through the HTTP parser: they end in requests or a refusal, never in a crash or a loop, and in the same
// ones however the bytes are cut. The first byte chooses the pieces.
#include <algorithm>
#include <http/parser.hpp>
#include <string>
#include <utility>
#include <vector>
#include <veil/core/errors.hpp>
#include <veil/http/extract.hpp>

#include "fuzz.hpp"

using veil::fuzz::demand;

namespace {

struct outcome {
    std::vector<veil::http::request> requests;
    int error = 0;
};

void check(const veil::http::parser& parser, const veil::http::request& request) {
    demand(request.body.size() <= veil::http::max_body_bytes);
    demand(!request.method.empty());
    demand(!parser.http_1_0() || !parser.wants_continue());
    for (const auto& [name, value] : request.headers)
        demand(!name.empty() && (name + value).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    try {
        veil::http::check_content_type(request);
    } catch (const veil::core::api_error& error) {
        demand(error.status() == 422);
    }
}

outcome parse(std::string_view bytes, std::size_t piece) {
    outcome out;
    veil::http::request request;
    veil::http::parser parser(request);
    std::string pending;
    while (!bytes.empty() && parser.error() == 0) {
        pending += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
        for (std::size_t used = 1; used > 0 && !pending.empty() && parser.error() == 0;) {
            used = parser.feed(pending);
            pending.erase(0, used);
            if (!parser.done()) continue;
            check(parser, request);
            out.requests.push_back(request);
            parser.reset();
        }
    }
    out.error = parser.error();
    return out;
}

bool same(const veil::http::request& a, const veil::http::request& b) {
    return a.method == b.method && a.path == b.path && a.query == b.query && a.headers == b.headers && a.body == b.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    veil::fuzz::input input(data, size);
    const auto piece = input.choice(256) + 1;
    const auto cut = parse(input.rest(), piece);
    const auto whole = parse(input.rest(), std::max<std::size_t>(size, 1));
    demand(std::ranges::equal(cut.requests, whole.requests, same));
    // What comes in pieces may still wait for the end of a head that is refused at once when it comes whole.
    demand(cut.error == whole.error || cut.error == 0 || whole.error == 0);
    return 0;
}
