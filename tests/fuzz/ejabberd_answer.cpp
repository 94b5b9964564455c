// Any text as an answer of ejabberd's admin API: it is read, or refused as what it is. The first byte chooses the
// status.
#include <ejabberd/answers.hpp>
#include <veil/core/errors.hpp>

#include "fuzz.hpp"

using namespace veil;
using fuzz::demand;

namespace {

bool is_visible(std::string_view text) {
    for (const char c : text)
        if (c <= ' ' || c > '~') return false;
    return !text.empty();
}

template <class E>
void attempt(auto&& read) {
    try {
        read();
    } catch (const E&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr int statuses[] = {200, 400, 401, 404, 409, 500};
    fuzz::input input(data, size);
    const int status = statuses[input.choice(std::size(statuses))];
    const auto answer = ejabberd::read_reply(status, input.rest());
    const bool ok = status == 200;
    demand(!ejabberd::has_counted(answer) || ok);
    demand(!ejabberd::is_no_room(answer) || status == 400);
    attempt<core::unavailable>([&] { demand(is_visible(ejabberd::token_in(answer).reveal()) && ok); });
    attempt<core::refused>([&] {
        for (const auto& [jid, role] : ejabberd::affiliations_in(answer))
            demand(ok && ejabberd::affiliation_of(ejabberd::name_of(role)) == role);
    });
    attempt<core::refused>([&] { demand(ejabberd::subscribers_in(answer).size() <= answer.body.size() && ok); });
    attempt<core::refused>([&] { demand(ejabberd::options_in(answer).size() == answer.body.size() && ok); });
    return 0;
}
