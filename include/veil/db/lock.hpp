// Locks that are no rows, shared by all processes. Pool threads only.
#pragma once

#include <pqxx/transaction>
#include <string>
#include <vector>

namespace veil::db {

// Waits for the lock of that name and holds it until the transaction ends. The bare name of an account, its JID, guards
// everything that must not happen beside a change of that account.
void lock_until_end(pqxx::work& tx, const std::string& name);

// The same for several at once, in an order that is the same for everybody.
void lock_until_end(pqxx::work& tx, const std::vector<std::string>& names);

}  // namespace veil::db
