// Which tokens no longer count. Memory answers, so that a check costs no query; PostgreSQL holds the truth;
// LISTEN/NOTIFY carries every change to every process. Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <veil/core/clock.hpp>
#include <veil/db/pool.hpp>

namespace veil::auth {

using boost::asio::awaitable;

// The channel that the triggers of sql/001_accounts.sql notify.
inline constexpr const char* revocation_channel = "veil_revocations";

class revocations {
 public:
    revocations(db::pool& database, const core::clock& clock);

    // issued_at: Unix seconds, or nullopt for a token without iat, which any cutoff of its account revokes.
    bool is_revoked(std::string_view jid, std::optional<std::int64_t> issued_at, std::string_view token_id) const;

    // The date of the account's last cutoff, Unix seconds; 0 when there was none.
    std::int64_t cutoff_of(std::string_view jid) const;

    // Notes that this process issued a token at this time (Unix seconds), and the latest such time, however the clock
    // has been set since: what revokes all tokens must reach as far.
    void note_issue(std::int64_t at);
    std::int64_t latest_issue() const;

    // Revokes one token, here at once and on the other processes by notification. expires_at: Unix seconds.
    awaitable<void> revoke_token(std::string token_id, std::int64_t expires_at);

    // Notes that the account's tokens issued at or before not_before are revoked; the row has been written elsewhere.
    void apply_cutoff(const std::string& jid, std::int64_t not_before);

    // A payload of the channel.
    void apply_notification(const std::string& payload);

    // Reads everything from the database and adds it to what is known. Revocations are never taken back, so what
    // arrives meanwhile is not lost.
    awaitable<void> reload();

    // Removes logged-out tokens that have expired anyway, and some hours ago in case the clock is set back, every ten
    // minutes, until cancelled.
    awaitable<void> prune_forever();

 private:
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using times = std::unordered_map<std::string, std::int64_t, text_hash, std::equal_to<>>;

    db::pool& database_;
    const core::clock& clock_;
    std::int64_t latest_issue_ = 0;
    times cutoffs_;  // by JID
    times tokens_;   // expiry by token id
};

}  // namespace veil::auth
