// What requests to both providers have in common. I/O thread only.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <veil/client/http2_client.hpp>
#include <veil/metrics/metrics.hpp>

#include "provider.hpp"

namespace veil::push {

// A request waits two seconds for its stream, then the caller looks again whether the call still wants it; on the wire
// it may use the whole ring time.
client::http2_deadlines deadlines_of(const attempt& a);

// The request gets its stream now.
void note_on_wire(const attempt& a);

// The Retry-After header (RFC 9110, section 10.2.3) in its form of seconds; nothing for its other form or none.
std::chrono::milliseconds retry_after(const client::http2_answer& answer);

// Seconds since the token was made that a provider knows us by; +Inf: there is none that works.
inline constexpr metrics::family provider_token_age{
    "veil_push_provider_token_age_seconds", "Age of the token that a provider knows us by; +Inf when none works."};

// Shows a connection and its queue under this name from now on.
void measure_connection(metrics::registry& into, const client::http2_client& connection, const std::string& name);

// A path segment (RFC 3986, section 2.1).
std::string percent_encoded(std::string_view text);

// What a failed attempt means, from the exception that it ended with. Rethrows cancellation.
outcome from_failure(const std::exception_ptr& thrown);

}  // namespace veil::push
