#include <pqxx/pqxx>
#include <veil/push/service.hpp>

namespace veil::push {

// In the order in which all writers take these rows (recorder.cpp). A call's devices go with the call.
void forget_user(pqxx::work& tx, const std::string& jid) {
    tx.exec_params("SELECT 1 FROM push_registrations WHERE jid = $1 ORDER BY device_id FOR UPDATE", jid);
    tx.exec_params("SELECT 1 FROM push_calls WHERE callee = $1 ORDER BY id FOR UPDATE", jid);
    tx.exec_params("DELETE FROM push_calls WHERE callee = $1", jid);
    tx.exec_params("DELETE FROM push_registrations WHERE jid = $1", jid);
    tx.exec_params("DELETE FROM push_log WHERE jid = $1", jid);
    tx.exec_params("DELETE FROM push_webhooks WHERE callee = $1", jid);
}

}  // namespace veil::push
