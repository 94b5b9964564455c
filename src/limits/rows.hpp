// The SQL of attempts: the same arithmetic as in one process's buckets, by the database's clock. Pool threads only.
#pragma once

#include <chrono>
#include <cstdint>
#include <pqxx/transaction>
#include <string>
#include <string_view>
#include <veil/limits/rule.hpp>

namespace veil::limits {

// Lets the transaction end before it is on disk: what a crash of the database takes is some counts.
void forgive_a_crash(pqxx::work& tx);

// Takes one from the bucket of a key.
verdict take(pqxx::work& tx, std::string_view policy, const rule& under, const std::string& key);

// Gives one back.
void give_back(pqxx::work& tx, const rule& under, const std::string& key);

// An account at an address.
struct pair_state {
    bool known = false;            // a password was right there
    std::chrono::seconds wait{0};  // until one is looked at again
};
pair_state look_at(pqxx::work& tx, const std::string& key);

// Notes a failure; how long to wait when another process has just made the pair wait, and nothing was noted.
std::chrono::seconds count_failure(pqxx::work& tx, const std::string& key, std::int64_t free_failures);

// Takes back the failure that was noted last.
void forget_failure(pqxx::work& tx, const std::string& key);

// Forgets the failures of a pair, and makes it known.
void remember_success(pqxx::work& tx, const std::string& key);

// Removes some rows that make no difference any more; whether there may be others.
bool remove_forgotten(pqxx::work& tx);

}  // namespace veil::limits
