#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <veil/audit/audit.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/errors.hpp>
#include <veil/push/webhook.hpp>

namespace veil::push {
namespace {

constexpr core::failure wrong_secret{401, "Invalid webhook secret"};

constexpr http::security_scheme webhook{
    .name = "webhook",
    .definition = R"({"type":"apiKey","in":"header","name":"X-Webhook-Secret",)"
                  R"("description":"WEBHOOK_SECRET. Without one only peers on the same machine are served."})"};

bool is_loopback(const std::string& peer) {
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(peer, ec);
    if (ec) return false;
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback();
    return address.is_loopback();
}

// A proxy on this machine is a loopback peer too, whoever it speaks for; an empty header is a proxy's as well.
bool is_forwarded(const http::request& r) {
    static constexpr std::array<std::string_view, 4> marks{"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"};
    return std::ranges::any_of(r.headers, [](const auto& header) {
        return std::ranges::any_of(marks, [&](auto name) { return core::iequals(header.first, name); });
    });
}

}  // namespace

// Compares with both, whichever it is: the time tells nothing.
bool webhook_gate::knows_secret(const http::request& r) const {
    const auto given = r.header("X-Webhook-Secret");
    const bool is_current = secret_.current.equals(given);
    const bool is_previous = secret_.previous.equals(given) && !secret_.previous.empty();
    return is_current || is_previous;
}

webhook_caller webhook_gate::admit(const http::request& r) const {
    const bool open = secret_.current.empty();
    if (open ? is_loopback(r.peer) && !is_forwarded(r) : knows_secret(r)) return {r.id};
    audit::write({.event = "webhook_refused",
                  .from = {.request_id = r.id, .address = r.peer},
                  .account = {},
                  .outcome = open ? "not_this_machine" : "wrong_secret",
                  .detail = r.path});
    throw core::api_error(wrong_secret);
}

}  // namespace veil::push

void veil::http::extract<veil::push::webhook_caller>::describe(operation& into) const {
    into.security = &push::webhook;
    into.failures.push_back(push::wrong_secret);
}
