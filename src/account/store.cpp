#include "store.hpp"

#include <pqxx/pqxx>
#include <stdexcept>
#include <veil/core/jid.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/db/lock.hpp>
#include <veil/db/prepared.hpp>
#include <veil/groups/service.hpp>
#include <veil/push/service.hpp>

namespace veil::account {
namespace {

// Longer than the one ejabberd call (5 s) that may still be under way when nobody answers for an operation any more.
// The transaction that ends it needs no lease: it fails when somebody else has taken the operation over.
constexpr const char* lease = "now() + interval '7 seconds'";

// Every login asks it.
constexpr db::prepared read_standing{
    "read_standing",
    "SELECT a.state, a.created_at > now() - interval '10 minutes' AS new_account, s.ha1, "
    "coalesce(c.not_before, 0) AS cutoff, o.id, $1 AS jid, o.kind, o.sealed, "
    "o.created_at > now() - interval '2 seconds' AS fresh FROM (SELECT 1) AS one "
    "LEFT JOIN accounts a ON a.jid = $1 LEFT JOIN subscriber s ON s.username = $2 AND s.domain = $3 "
    "LEFT JOIN token_cutoffs c ON c.jid = $1 LEFT JOIN account_operations o ON o.jid = $1"};

std::string name_of(kind what) {
    switch (what) {
        case kind::registration:
            return "register";
        case kind::undoing:
            return "undo";
        case kind::password:
            return "password";
        case kind::deletion:
            return "delete";
    }
    throw std::logic_error("no such kind of operation");
}

kind kind_of(const std::string& name) {
    if (name == "register") return kind::registration;
    if (name == "undo") return kind::undoing;
    if (name == "password") return kind::password;
    if (name == "delete") return kind::deletion;
    throw std::logic_error("no such kind of operation: " + name);
}

std::string columns() { return "id, jid, kind, sealed, created_at > now() - interval '2 seconds' AS fresh"; }

operation read_operation(const pqxx::row& row) {
    return {.id = row["id"].as<std::string>(),
            .jid = row["jid"].as<std::string>(),
            .what = kind_of(row["kind"].as<std::string>()),
            .sealed = row["sealed"].as<std::string>(),
            .fresh = row["fresh"].as<bool>()};
}

std::optional<operation> first_operation(const pqxx::result& rows) {
    if (rows.empty()) return std::nullopt;
    return read_operation(rows[0]);
}

standing::state state_of(pqxx::work& tx, const std::string& jid) {
    const auto rows = tx.exec_params("SELECT state FROM accounts WHERE jid = $1", jid);
    if (rows.empty()) return standing::state::none;
    return rows[0][0].as<std::string>() == "active" ? standing::state::active : standing::state::deleting;
}

void write_account(pqxx::work& tx, const std::string& jid) {
    tx.exec_params("INSERT INTO accounts (jid) VALUES ($1) ON CONFLICT DO NOTHING", jid);
}

void write_subscriber(pqxx::work& tx, const std::string& jid, const std::string& domain, const sip_digests& digests) {
    tx.exec_params(
        "INSERT INTO subscriber (username, domain, ha1, ha1b) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (username, domain) DO UPDATE SET ha1 = excluded.ha1, ha1b = excluded.ha1b",
        std::string(core::local_part(jid)), domain, digests.ha1, digests.ha1b);
}

// Ends an operation if it is still the caller's.
bool end(pqxx::work& tx, const operation& current) {
    return tx.exec_params("DELETE FROM account_operations WHERE id = $1", current.id).affected_rows() == 1;
}

std::int64_t read_cutoff(pqxx::work& tx, const std::string& jid) {
    const auto rows = tx.exec_params("SELECT not_before FROM token_cutoffs WHERE jid = $1", jid);
    return rows.empty() ? 0 : rows[0][0].as<std::int64_t>();
}

// Revokes every token there is: by the database's clock, and by ours should that be ahead. One second is added for
// logins that began before and end after this transaction, and tokens dated behind the last cutoff are covered however
// soon this one follows it.
std::int64_t write_cutoff(pqxx::work& tx, const std::string& jid, std::int64_t issued_until) {
    return tx
        .exec_params1(
            "INSERT INTO token_cutoffs (jid, not_before) "
            "VALUES ($1, greatest(extract(epoch FROM clock_timestamp())::bigint, $2::bigint) + 1) "
            "ON CONFLICT (jid) DO UPDATE SET not_before = greatest(excluded.not_before, token_cutoffs.not_before + 1) "
            "RETURNING not_before",
            jid, issued_until)[0]
        .as<std::int64_t>();
}

}  // namespace

sip_digests store::digests(const std::string& jid, const std::string& password) const {
    const std::string user(core::local_part(jid));
    const std::string tail = ":" + sip_domain_ + ":" + password;
    return {crypto::md5_hex(user + tail), crypto::md5_hex(user + "@" + sip_domain_ + tail)};
}

awaitable<standing> store::read(std::string jid) {
    co_return co_await database_.run_statement([&](pqxx::nontransaction& tx) {
        const auto rows = db::exec(tx, read_standing, jid, std::string(core::local_part(jid)), sip_domain_);
        const auto& row = rows[0];
        standing found;
        if (!row["state"].is_null()) {
            const bool active = row["state"].as<std::string>() == "active";
            found.account = active ? standing::state::active : standing::state::deleting;
            found.new_account = row["new_account"].as<bool>();
        }
        found.ha1 = row["ha1"].as<std::string>("");
        found.cutoff = row["cutoff"].as<std::int64_t>();
        if (!row["id"].is_null()) found.pending = read_operation(row);
        return found;
    });
}

awaitable<std::optional<operation>> store::begin(std::string jid, kind what, std::string sealed) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<operation> {
        db::lock_until_end(tx, jid);
        const auto account = state_of(tx, jid);
        const bool in_the_way =
            what == kind::registration ? account != standing::state::none : account == standing::state::deleting;
        if (in_the_way) return std::nullopt;
        return first_operation(
            tx.exec_params("INSERT INTO account_operations (jid, kind, sealed, lease_until) VALUES ($1, $2, $3, " +
                               std::string(lease) + ") ON CONFLICT (jid) DO NOTHING RETURNING " + columns(),
                           jid, name_of(what), sealed));
    });
}

awaitable<std::optional<operation>> store::take_over(operation current) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        return first_operation(
            tx.exec_params("UPDATE account_operations SET id = gen_random_uuid(), created_at = now(), lease_until = " +
                               std::string(lease) + " WHERE id = $1 RETURNING " + columns(),
                           current.id));
    });
}

awaitable<std::optional<operation>> store::take_due() {
    co_return co_await database_.run([&](pqxx::work& tx) {
        return first_operation(
            tx.exec("UPDATE account_operations SET id = gen_random_uuid(), "
                    "kind = CASE kind WHEN 'register' THEN 'undo' ELSE kind END, lease_until = " +
                    std::string(lease) +
                    " WHERE id = (SELECT id FROM account_operations WHERE lease_until < now() "
                    "ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING " +
                    columns()));
    });
}

awaitable<void> store::postpone(std::string id) {
    co_await database_.run([&](pqxx::work& tx) {
        tx.exec_params(
            "UPDATE account_operations SET attempts = attempts + 1, lease_until = now() + "
            "least(power(2, least(attempts, 5)), 15) * (0.75 + random() / 2) * interval '1 second' WHERE id = $1",
            id);
    });
}

awaitable<bool> store::end_registration(operation current, sip_digests digests) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        db::lock_until_end(tx, current.jid);
        if (!end(tx, current)) return false;
        write_account(tx, current.jid);
        write_subscriber(tx, current.jid, sip_domain_, digests);
        return true;
    });
}

awaitable<std::optional<std::int64_t>> store::end_password(operation current, sip_digests digests,
                                                           std::int64_t issued_until) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<std::int64_t> {
        db::lock_until_end(tx, current.jid);
        if (!end(tx, current)) return std::nullopt;
        write_account(tx, current.jid);
        write_subscriber(tx, current.jid, sip_domain_, digests);
        return write_cutoff(tx, current.jid, issued_until);
    });
}

awaitable<std::optional<marked>> store::mark_deleting(operation current, std::int64_t issued_until) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<marked> {
        db::lock_until_end(tx, current.jid);
        if (tx.exec_params("SELECT 1 FROM account_operations WHERE id = $1", current.id).empty()) return std::nullopt;
        const std::string user(core::local_part(current.jid));
        tx.exec_params(
            "INSERT INTO accounts (jid, state) VALUES ($1, 'deleting') ON CONFLICT (jid) DO UPDATE SET state = "
            "'deleting'",
            current.jid);
        tx.exec_params("DELETE FROM subscriber WHERE username = $1 AND domain = $2", user, sip_domain_);
        tx.exec_params("DELETE FROM location WHERE username = $1 AND (domain = $2 OR domain IS NULL)", user,
                       sip_domain_);
        push::forget_user(tx, current.jid);
        auto handed_over = groups::forget_user(tx, current.jid);
        return marked{.cutoff = write_cutoff(tx, current.jid, issued_until), .handed_over = std::move(handed_over)};
    });
}

awaitable<bool> store::end_deletion(operation current) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        db::lock_until_end(tx, current.jid);
        if (!end(tx, current)) return false;
        tx.exec_params("DELETE FROM accounts WHERE jid = $1", current.jid);
        return true;
    });
}

awaitable<void> store::drop(std::string id) {
    co_await database_.run([&](pqxx::work& tx) { tx.exec_params("DELETE FROM account_operations WHERE id = $1", id); });
}

awaitable<bool> store::adopt(std::string jid, sip_digests digests, std::int64_t seen_cutoff) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        db::lock_until_end(tx, jid);
        const bool busy = !tx.exec_params("SELECT 1 FROM account_operations WHERE jid = $1", jid).empty();
        if (busy || read_cutoff(tx, jid) != seen_cutoff || state_of(tx, jid) == standing::state::deleting) return false;
        write_account(tx, jid);
        write_subscriber(tx, jid, sip_domain_, digests);
        return true;
    });
}

db::backlog read_backlog(pqxx::work& tx) { return db::read_backlog(tx, "account_operations"); }

}  // namespace veil::account
