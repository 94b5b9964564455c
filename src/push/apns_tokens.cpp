#include "apns_tokens.hpp"

#include <algorithm>
#include <limits>
#include <pqxx/pqxx>
#include <veil/client/errors.hpp>
#include <veil/core/json.hpp>
#include <veil/db/lock.hpp>
#include <veil/log/log.hpp>

namespace veil::push {
namespace {

// Seconds. Apple takes a token for an hour, and a new one every 20 minutes.
constexpr std::int64_t bucket = 35 * 60;
constexpr std::int64_t min_between_mints = 20 * 60;
constexpr std::int64_t last_age = 55 * 60;  // with room for clocks that disagree
constexpr std::size_t max_waiting = 20'000;
constexpr auto sealing_purpose = "push provider tokens";

}  // namespace

struct apns_tokens::row {
    std::string sealed;
    std::int64_t issued_at = 0, minted_at = 0;
    std::optional<std::string> previous_sealed;
    std::optional<std::int64_t> previous_issued_at;
    std::int64_t no_mint_before = 0;

    // Until when this token is the one to send with: the end of its 35 minutes, later when a new one would come too
    // soon.
    std::int64_t good_until() const {
        const auto too_soon = std::max(minted_at + min_between_mints, no_mint_before);
        return std::max(issued_at + bucket, std::min(too_soon, issued_at + last_age));
    }
};

apns_tokens::apns_tokens(boost::asio::any_io_executor executor, db::pool& database, const core::clock& clock,
                         apns_key key, const core::secret_pair& sealing_secret)
    : database_(database),
      clock_(clock),
      key_(std::move(key)),
      sealer_(sealing_secret, sealing_purpose),
      one_at_a_time_(std::move(executor), 1, max_waiting) {}

double apns_tokens::age() const {
    if (!held_.token) return std::numeric_limits<double>::infinity();
    return static_cast<double>(clock_.now() - held_.issued_at);
}

awaitable<void> apns_tokens::look() { co_await refresh(wish::keep, nullptr); }

awaitable<bool> apns_tokens::replace(bearer refused) { return refresh(wish::replace, std::move(refused)); }

awaitable<bool> apns_tokens::step_back(bearer refused) { return refresh(wish::step_back, std::move(refused)); }

// The token that another key of the same id has made must not be taken from the row: then one is minted.
awaitable<void> apns_tokens::replace_key(apns_key key) {
    const auto permit = co_await one_at_a_time_.acquire();
    const auto what = key.key_id == key_.key_id && key.team_id == key_.team_id ? wish::mint : wish::keep;
    std::swap(key_, key);
    std::exception_ptr failure;
    try {
        held_ = co_await database_.run([&](pqxx::work& tx) { return exchange(tx, what, nullptr); });
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    std::swap(key_, key);
    std::rethrow_exception(failure);
}

// With the permit, as the pool's thread may be reading the old key.
awaitable<void> apns_tokens::reseal(core::secret_pair secret) {
    const auto permit = co_await one_at_a_time_.acquire();
    sealer_ = crypto::sealer(secret, sealing_purpose);
}

// True: what is held has been looked at anew.
awaitable<bool> apns_tokens::refresh(wish what, bearer refused) {
    const auto permit = co_await one_at_a_time_.acquire();
    // While we waited somebody else may have done it.
    const bool done = what == wish::keep ? !due() : held_.token != refused;
    if (done) co_return false;
    try {
        held_ = co_await database_.run([&](pqxx::work& tx) { return exchange(tx, what, refused); });
    } catch (const core::unavailable& error) {
        if (what != wish::keep || !held_.token || clock_.now() >= held_.issued_at + last_age)
            throw client::not_sent(std::string("no provider token: ") + error.what());
        log::warn("the provider token stays as it is for now: {}", error.what());
    }
    co_return true;
}

apns_tokens::held apns_tokens::exchange(pqxx::work& tx, wish what, const bearer& refused) const {
    db::lock_until_end(tx, "push provider token " + key_.key_id);
    const auto now = clock_.now();
    auto found = read(tx);
    const bool refused_is_current = found && refused && open(found->sealed)->equals(refused->reveal());
    if (!found || what == wish::mint || (what == wish::keep && now >= found->good_until())) {
        found = mint(now / bucket * bucket, now, found);
        write(tx, *found);
    } else if (what == wish::replace && refused_is_current && now >= found->no_mint_before) {
        found = mint(now, now, std::nullopt);
        found->no_mint_before = now + min_between_mints;  // a clock that is wrong would ask again and again
        write(tx, *found);
    } else if (what == wish::step_back && refused_is_current) {
        if (found->previous_sealed && now < *found->previous_issued_at + last_age) {
            found->sealed = *std::exchange(found->previous_sealed, std::nullopt);
            found->issued_at = *std::exchange(found->previous_issued_at, std::nullopt);
        }
        found->no_mint_before = now + min_between_mints;
        write(tx, *found);
    }
    return {open(found->sealed), found->issued_at, found->good_until()};
}

// Null too when the row cannot be opened: the secret it was encrypted with has changed.
std::optional<apns_tokens::row> apns_tokens::read(pqxx::work& tx) const {
    const auto rows = tx.exec_params(
        "SELECT sealed, issued_at, minted_at, previous_sealed, previous_issued_at, no_mint_before "
        "FROM push_provider_tokens WHERE key_id = $1 AND team_id = $2",
        key_.key_id, key_.team_id);
    if (rows.empty()) return std::nullopt;
    row r{.sealed = rows[0][0].as<std::string>(),
          .issued_at = rows[0][1].as<std::int64_t>(),
          .minted_at = rows[0][2].as<std::int64_t>(),
          .previous_sealed = {},
          .previous_issued_at = {},
          .no_mint_before = rows[0][5].as<std::int64_t>()};
    if (!rows[0][3].is_null()) {
        r.previous_sealed = rows[0][3].as<std::string>();
        r.previous_issued_at = rows[0][4].as<std::int64_t>();
    }
    if (!open(r.sealed)) return std::nullopt;
    if (r.previous_sealed && !open(*r.previous_sealed)) r.previous_sealed.reset();
    return r;
}

void apns_tokens::write(pqxx::work& tx, const row& r) const {
    tx.exec_params(
        "INSERT INTO push_provider_tokens (key_id, team_id, sealed, issued_at, minted_at, previous_sealed, "
        "previous_issued_at, no_mint_before) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
        "ON CONFLICT (key_id, team_id) DO UPDATE SET sealed = excluded.sealed, issued_at = excluded.issued_at, "
        "minted_at = excluded.minted_at, previous_sealed = excluded.previous_sealed, "
        "previous_issued_at = excluded.previous_issued_at, no_mint_before = excluded.no_mint_before",
        key_.key_id, key_.team_id, r.sealed, r.issued_at, r.minted_at,
        r.previous_sealed ? r.previous_sealed->c_str() : nullptr,
        r.previous_issued_at ? std::to_string(*r.previous_issued_at).c_str() : nullptr, r.no_mint_before);
}

apns_tokens::row apns_tokens::mint(std::int64_t issued_at, std::int64_t now, const std::optional<row>& before) const {
    std::string header = R"({"alg":"ES256","kid":)";
    core::append_quoted(header, key_.key_id);
    std::string claims = R"({"iss":)";
    core::append_quoted(claims, key_.team_id);
    claims += ",\"iat\":" + std::to_string(issued_at) + "}";
    row made{.sealed = sealer_.seal(key_.key.sign_jwt(header + "}", claims), key_.key_id),
             .issued_at = issued_at,
             .minted_at = now,
             .previous_sealed = {},
             .previous_issued_at = {}};
    if (before) {
        made.previous_sealed = before->sealed;
        made.previous_issued_at = before->issued_at;
    }
    return made;
}

bearer apns_tokens::open(const std::string& sealed) const {
    const auto token = sealer_.open(sealed, key_.key_id);
    return token ? std::make_shared<const core::secret>("bearer " + token->reveal()) : nullptr;
}

}  // namespace veil::push
