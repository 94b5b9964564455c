// Any bytes through base64, percent-encoding and UTF-8: what is taken has one spelling, what was written is read back.
#include <http/target.hpp>
#include <nlohmann/json.hpp>
#include <push/answer.hpp>
#include <string>
#include <veil/core/json.hpp>
#include <veil/core/utf8.hpp>
#include <veil/crypto/encoding.hpp>

#include "fuzz.hpp"

using namespace veil;
using fuzz::demand;

namespace {

// nlohmann refuses to write what is not UTF-8.
bool is_utf8_elsewhere(const std::string& text) {
    try {
        return !nlohmann::json(text).dump().empty();
    } catch (const nlohmann::json::exception&) {
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::input(data, size).rest());
    demand(crypto::from_base64(crypto::base64(text)) == text);
    demand(crypto::from_base64url(crypto::base64url(text)) == text);
    if (const auto bytes = crypto::from_base64(text)) demand(crypto::base64(*bytes) == text);
    if (const auto bytes = crypto::from_base64url(text)) demand(crypto::base64url(*bytes) == text);

    const bool is_text = core::is_utf8(text);
    demand(is_text == is_utf8_elsewhere(text));
    const auto decoded = http::percent_decode(push::percent_encoded(text));
    demand(decoded.has_value() == (is_text && !text.contains('\0')) && decoded.value_or(text) == text);
    if (is_text) {
        std::string quoted;
        core::append_quoted(quoted, text);
        demand(nlohmann::json::parse(quoted) == text);
    }
    return 0;
}
