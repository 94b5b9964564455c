#include "reload.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <veil/audit/audit.hpp>
#include <veil/core/errors.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/log/log.hpp>

#include "options.hpp"

namespace veil::app {
namespace {

// Of a file, to see whether it is another one now; empty without one.
std::string digest_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return {};
    return crypto::sha256(std::string(std::istreambuf_iterator<char>(file), {}));
}

void note(std::string_view what, std::string_view outcome) {
    const audit::source nobody;
    audit::write({.event = "configuration_reload", .from = nobody, .account = {}, .outcome = outcome, .detail = what});
}

// What becomes of those who know the secret that was replaced.
const char* farewell(const core::secret_pair& before, const core::secret_pair& now) {
    if (before.current.equals(now.current.reveal())) return "";
    return now.previous.equals(before.current.reveal()) ? "; the one before is accepted too"
                                                        : "; the one before is no longer accepted";
}

std::string in_one_line(const config::invalid& fault) {
    std::string out;
    for (const auto& each : fault.faults()) out += (out.empty() ? "" : "; ") + each;
    return out;
}

}  // namespace

reloader::reloader(config::settings settings, reload_targets targets)
    : settings_(std::move(settings)),
      targets_(targets),
      ejabberd_authority_(digest_of(settings_.ejabberd_ca_file)),
      push_authority_(digest_of(settings_.push_ca_file)) {}

awaitable<void> reloader::run() {
    log::info("reload: reading secrets, keys and certificates again");
    taken_ = refused_ = 0;
    std::string fixed;
    for (const auto which : config::items) {
        if (config::is_fixed(which, config::process_environment))
            fixed.append(fixed.empty() ? "" : ", ").append(config::name_of(which));
        else
            co_await reload_item(which);
    }
    if (!fixed.empty()) log::info("reload: from the environment, as it was until a restart: {}", fixed);
    reload_authority("EJABBERD_CA_FILE", settings_.ejabberd_ca_file, ejabberd_authority_, &reloader::trust_ejabberd);
    if (!settings_.push_ca_file.empty())
        reload_authority("PUSH_CA_FILE", settings_.push_ca_file, push_authority_, &reloader::trust_providers);
    co_await reload_push_keys();
    reopen_audit_log();
    log::info("reload: done, {} replaced, {} refused", taken_, refused_);
    if (taken_ + refused_ == 0) note("nothing has changed", "ok");
}

awaitable<void> reloader::reload_item(config::item which) {
    const auto name = config::name_of(which);
    auto wanted = settings_;
    std::string remark, fault;
    try {
        const bool other = config::reread(which, wanted, config::process_environment);
        for (const auto& warning : wanted.warnings) log::warn("reload: {}", warning);
        if (!other) co_return;
        remark = co_await apply(which, wanted);
    } catch (const config::invalid& invalid) {
        fault = in_one_line(invalid);
    } catch (const core::unavailable& failure) {
        fault = failure.what();
    } catch (const core::refused& failure) {
        fault = failure.what();
    }
    if (!fault.empty()) {
        refused(name, fault);
        co_return;
    }
    settings_ = std::move(wanted);
    if (which != config::item::apns_key_id) taken(name, remark);  // that one is told of with its key
}

// Returns a remark for the log.
awaitable<std::string> reloader::apply(config::item which, const config::settings& wanted) {
    switch (which) {
        case config::item::jwt_secret:
            co_await targets_.push.reseal(wanted.jwt_secret);
            targets_.account.reseal(wanted.jwt_secret);
            targets_.tokens.replace(wanted.jwt_secret);
            co_return farewell(settings_.jwt_secret, wanted.jwt_secret);
        case config::item::turn_secret:
            targets_.turn.replace(wanted.turn_secret.current);
            break;
        case config::item::webhook_secret:
            targets_.push.replace_webhook_secret(wanted.webhook_secret);
            co_return farewell(settings_.webhook_secret, wanted.webhook_secret);
        case config::item::database:
            co_await targets_.database.adopt_dsn(api_dsn(wanted));
            targets_.listener.adopt_dsn(api_dsn(wanted));
            break;
        case config::item::ejabberd_api_password:
            co_await targets_.ejabberd.adopt_password(wanted.ejabberd_api_password);
            break;
        case config::item::apns_key_id:
            break;
        case config::item::log_level:
            log::set_level(wanted.log_level);
            break;
    }
    co_return "";
}

awaitable<void> reloader::reload_push_keys() {
    for (const auto& each : co_await targets_.push.reload_keys(push_options(settings_))) {
        if (each.taken) taken(each.variable, "");
        if (!each.fault.empty()) refused(each.variable, each.fault);
    }
}

// known: the digest of what is in use.
void reloader::reload_authority(const char* variable, const std::string& path, std::string& known,
                                void (reloader::*trust)(const std::string&)) {
    auto found = digest_of(path);
    if (found == known) return;
    try {
        (this->*trust)(path);
        known = std::move(found);
        taken(variable, "");
    } catch (const std::exception& fault) {
        refused(variable, fault.what());
    }
}

void reloader::reopen_audit_log() {
    try {
        audit::trail::reopen();
    } catch (const std::runtime_error& fault) {
        refused("AUDIT_LOG", fault.what());
    }
}

void reloader::taken(std::string_view what, std::string_view remark) {
    ++taken_;
    log::info("reload: {} is another one now{}", what, remark);
    note(what, "ok");
}

void reloader::refused(std::string_view what, std::string_view why) {
    ++refused_;
    log::error("reload: {} is refused, the one before stays: {}", what, why);
    note(what, "refused");
}

}  // namespace veil::app
