#include <pqxx/pqxx>
#include <veil/async/pause.hpp>
#include <veil/core/errors.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/limits/attempts.hpp>
#include <veil/limits/gate.hpp>
#include <veil/log/log.hpp>

#include "rows.hpp"

namespace veil::limits {
namespace {

using namespace std::chrono_literals;

constexpr auto prune_interval = 60s;
constexpr std::size_t digest_bytes = 16;
constexpr std::string_view failures_policy = "login-failures", account_policy = "login-account";

// The wait of a pair as a client is told of it: so many wrong passwords in an hour.
rule waiting_rule(std::int64_t free_failures) {
    return {.interval = std::chrono::microseconds(1h) / free_failures, .burst = free_failures};
}

core::secret derived_key(const core::secret& from) {
    return core::secret(crypto::hmac(crypto::hash::sha256, from).sign("rate limits"));
}

}  // namespace

attempts::attempts(attempt_rules rules, db::pool& database)
    : rules_(std::move(rules)), database_(database), keys_(crypto::hash::sha256, derived_key(rules_.secret)) {}

void attempts::rekey(const core::secret& secret) { keys_ = crypto::hmac(crypto::hash::sha256, derived_key(secret)); }

// The parts cannot run into each other: neither an address nor an account holds a NUL.
std::string attempts::key_of(std::string_view kind, std::string_view of, std::string_view and_of) {
    std::string text(kind);
    for (const auto part : {of, and_of}) text.append(1, '\0').append(part);
    return crypto::base64url(std::string_view(keys_.sign(text)).substr(0, digest_bytes));
}

bool attempts::guards_passwords() const noexcept {
    return !rules_.login.is_off() || !rules_.account.is_off() || rules_.free_failures > 0;
}

awaitable<std::optional<verdict>> attempts::registration(std::string address) {
    if (rules_.registration.is_off()) co_return std::nullopt;
    const auto key = key_of("register", network_of(address));
    co_return co_await database_.run([&](pqxx::work& tx) {
        forgive_a_crash(tx);
        return take(tx, registration_policy, rules_.registration, key);
    });
}

awaitable<attempt> attempts::password(std::string address, std::string jid) {
    attempt out;
    if (!guards_passwords()) co_return out;
    const auto network = network_of(address);
    const auto address_key = key_of("login", network);
    out.account_key = key_of("account", jid);
    out.pair_key = key_of("pair", jid, network);
    co_await database_.run([&](pqxx::work& tx) {
        forgive_a_crash(tx);
        count_password(tx, address_key, out);
        out.counted = !out.said || out.said->allowed;
    });
    co_return out;
}

// Address, account, pair: everybody locks rows in this order, and the pair does not pay for what is not looked at.
void attempts::count_password(pqxx::work& tx, const std::string& address_key, attempt& out) const {
    const auto pair = look_at(tx, out.pair_key);
    if (rules_.free_failures > 0 && pair.wait > 0s) {
        out.said = refused(failures_policy, waiting_rule(rules_.free_failures), pair.wait);
        return;
    }
    if (!rules_.login.is_off()) out.said = take(tx, login_policy, rules_.login, address_key);
    if (out.said && !out.said->allowed) return;
    if (!pair.known && !rules_.account.is_off()) {
        out.from_unknown = true;
        const auto of_account = take(tx, account_policy, rules_.account, out.account_key);
        if (!of_account.allowed) {
            out.said = of_account;
            return;
        }
    }
    if (rules_.free_failures == 0) return;
    const auto wait = count_failure(tx, out.pair_key, rules_.free_failures);
    if (wait > 0s) out.said = refused(failures_policy, waiting_rule(rules_.free_failures), wait);
}

awaitable<void> attempts::take_back(attempt presented, bool right) {
    if (!presented.counted) co_return;
    try {
        co_await database_.run([&](pqxx::work& tx) {
            forgive_a_crash(tx);
            if (presented.from_unknown) give_back(tx, rules_.account, presented.account_key);
            if (right)
                remember_success(tx, presented.pair_key);
            else
                forget_failure(tx, presented.pair_key);
        });
    } catch (const core::unavailable& error) {
        log::warn("a password that was not wrong still counts: {}", error.what());
    }
}

awaitable<void> attempts::prune() {
    bool more = true;
    while (more) more = co_await database_.run([](pqxx::work& tx) { return remove_forgotten(tx); });
}

awaitable<void> attempts::prune_forever() {
    while (true) {
        try {
            co_await prune();
        } catch (const core::unavailable& error) {
            log::warn("rate limits are not pruned: {}", error.what());
        }
        co_await async::pause(prune_interval);
    }
}

}  // namespace veil::limits
