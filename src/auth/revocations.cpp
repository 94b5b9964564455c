#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <veil/async/pause.hpp>
#include <veil/auth/revocations.hpp>
#include <veil/core/errors.hpp>
#include <veil/log/log.hpp>

namespace veil::auth {
namespace {

constexpr std::chrono::minutes prune_interval{10};
constexpr std::int64_t clock_may_go_back = 3 * 3600;  // seconds

using rows = std::vector<std::pair<std::string, std::int64_t>>;

rows read(pqxx::work& tx, const char* query) {
    rows out;
    for (const auto& row : tx.exec(query)) out.emplace_back(row[0].as<std::string>(), row[1].as<std::int64_t>());
    return out;
}

}  // namespace

revocations::revocations(db::pool& database, const core::clock& clock) : database_(database), clock_(clock) {}

bool revocations::is_revoked(std::string_view jid, std::optional<std::int64_t> issued_at,
                             std::string_view token_id) const {
    if (const auto it = cutoffs_.find(jid); it != cutoffs_.end() && issued_at.value_or(0) <= it->second) return true;
    return tokens_.contains(token_id);
}

std::int64_t revocations::cutoff_of(std::string_view jid) const {
    const auto it = cutoffs_.find(jid);
    return it == cutoffs_.end() ? 0 : it->second;
}

void revocations::note_issue(std::int64_t at) { latest_issue_ = std::max(latest_issue_, at); }

std::int64_t revocations::latest_issue() const { return std::max(latest_issue_, clock_.now()); }

awaitable<void> revocations::revoke_token(std::string token_id, std::int64_t expires_at) {
    co_await database_.run([&](pqxx::work& tx) {
        tx.exec_params("INSERT INTO revoked_tokens (token_id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                       token_id, expires_at);
    });
    tokens_[std::move(token_id)] = expires_at;
}

void revocations::apply_cutoff(const std::string& jid, std::int64_t not_before) {
    auto& known = cutoffs_[jid];
    known = std::max(known, not_before);
}

void revocations::apply_notification(const std::string& payload) {
    const auto value = nlohmann::json::parse(payload, nullptr, false);
    try {
        if (value.contains("jid"))
            apply_cutoff(value.at("jid").get<std::string>(), value.at("not_before").get<std::int64_t>());
        else
            tokens_[value.at("token_id").get<std::string>()] = value.at("expires_at").get<std::int64_t>();
    } catch (const nlohmann::json::exception&) {
        log::warn("a revocation notice that makes no sense was ignored");
    }
}

awaitable<void> revocations::reload() {
    const auto [cutoffs, tokens] = co_await database_.run([](pqxx::work& tx) {
        return std::pair{read(tx, "SELECT jid, not_before FROM token_cutoffs"),
                         read(tx, "SELECT token_id, expires_at FROM revoked_tokens")};
    });
    for (const auto& [jid, not_before] : cutoffs) apply_cutoff(jid, not_before);
    for (const auto& [id, expires_at] : tokens) tokens_[id] = expires_at;
}

awaitable<void> revocations::prune_forever() {
    while (true) {
        co_await async::pause(prune_interval);
        const auto expired = clock_.now() - clock_may_go_back;
        std::erase_if(tokens_, [&](const auto& entry) { return entry.second <= expired; });
        try {
            co_await database_.run(
                [&](pqxx::work& tx) { tx.exec_params("DELETE FROM revoked_tokens WHERE expires_at <= $1", expired); });
        } catch (const core::unavailable& error) {
            log::warn("expired revocations stay for now: {}", error.what());
        }
    }
}

}  // namespace veil::auth
