#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>
#include <veil/app/application.hpp>
#include <veil/app/command_line.hpp>
#include <veil/config/config.hpp>
#include <veil/core/jid.hpp>
#include <veil/log/log.hpp>

namespace veil::app {
namespace {

constexpr int faulty = 2;

constexpr std::string_view usage =
    "Usage: veil-api [serve]        serve the REST API (the default)\n"
    "       veil-api migrate        bring the database's schema up to date, then exit\n"
    "       veil-api push explain JID\n"
    "                               say what would happen to a call to this account now, and what happened last\n"
    "       veil-api trace CALL_ID  print what has become of a call, from the webhook to each device and back\n"
    "       veil-api --check-config say what is wrong with the configuration, then exit\n"
    "       veil-api --env-example  print every variable with its default, as .env.example has it\n"
    "       veil-api --version | --help\n"
    "\n"
    "Exit status: 0 after a clean stop, 1 when it cannot start or knows no such call, 2 for a wrong use or a faulty\n"
    "configuration.\n"
    "The configuration comes from the environment:\n";

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

// Loads the configuration and runs `with` on it, or prints every fault.
template <class F>
int configured(F with) {
    try {
        const auto settings = config::load(config::process_environment);
        log::start(settings.log_level, settings.log_format);
        for (const auto& warning : settings.warnings) log::warn("{}", warning);
        const int status = with(settings);
        log::stop();
        return status;
    } catch (const config::invalid& invalid) {
        print(stderr, "veil-api: the configuration is faulty:\n");
        for (const auto& fault : invalid.faults()) print(stderr, "  " + fault + "\n");
        return faulty;
    }
}

int explain(const config::settings& settings, const std::string& account) {
    const auto jid = core::bare_jid_of(account, settings.xmpp_domain);
    if (jid) return explain_push(settings, *jid);
    print(stderr, "veil-api: " + account + " is no account of " + settings.xmpp_domain + "\n");
    return faulty;
}

int trace(const config::settings& settings, const std::string& call_id) {
    if (!call_id.empty()) return trace_call(settings, call_id);
    print(stderr, "veil-api: a call has an id; see veil-api --help\n");
    return faulty;
}

int dispatch(std::string_view command) {
    if (command == "serve") return configured(serve);
    if (command == "migrate") return configured(migrate);
    if (command == "--check-config")
        return configured([](const config::settings&) {
            print(stdout, "The configuration is complete.\n");
            return 0;
        });
    if (command == "--env-example")
        print(stdout, config::env_example());
    else if (command == "--version")
        print(stdout, "veil-api " VEIL_VERSION "\n");
    else if (command == "--help" || command == "-h")
        print(stdout, std::string(usage) + config::help());
    else {
        print(stderr, "veil-api: unknown command " + std::string(command) + "\n" +
                          std::string(usage.substr(0, usage.find("\n\n"))) + "\n");
        return faulty;
    }
    return 0;
}

}  // namespace

int run(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    try {
        if (words.size() == 3 && words[0] == "push" && words[1] == "explain")
            return configured([&](const config::settings& settings) { return explain(settings, words[2]); });
        if (words.size() == 2 && words[0] == "trace")
            return configured([&](const config::settings& settings) { return trace(settings, words[1]); });
        if (words.size() > 1 || (!words.empty() && words[0] == "push")) {
            print(stderr, "veil-api: one command at a time; see veil-api --help\n");
            return faulty;
        }
        return dispatch(words.empty() ? "serve" : words[0]);
    } catch (const std::exception& error) {
        print(stderr, std::string("veil-api: ") + error.what() + "\n");
        return 1;
    }
}

}  // namespace veil::app
