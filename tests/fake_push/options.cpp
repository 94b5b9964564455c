#include "options.hpp"

#include <charconv>
#include <functional>
#include <limits>
#include <map>
#include <string_view>

namespace veil::fake_push {
namespace {

using setter = std::function<void(options&, const std::string&)>;

template <class T>
T number(const std::string& text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw wrong_use("'" + text + "' is no number from 0 to " + std::to_string(std::numeric_limits<T>::max()));
    return value;
}

std::chrono::seconds seconds(const std::string& text) { return std::chrono::seconds(number<std::uint32_t>(text)); }

const std::map<std::string_view, setter>& setters() {
    static const std::map<std::string_view, setter> table{
        {"--folder", [](options& o, const std::string& v) { o.folder = v; }},
        {"--host", [](options& o, const std::string& v) { o.host = v; }},
        {"--out", [](options& o, const std::string& v) { o.out = v; }},
        {"--apns-port", [](options& o, const std::string& v) { o.apns_port = number<std::uint16_t>(v); }},
        {"--sandbox-port", [](options& o, const std::string& v) { o.sandbox_port = number<std::uint16_t>(v); }},
        {"--google-port", [](options& o, const std::string& v) { o.google_port = number<std::uint16_t>(v); }},
        {"--streams", [](options& o, const std::string& v) { o.streams = number<std::uint32_t>(v); }},
        {"--token-update-seconds", [](options& o, const std::string& v) { o.token_update = seconds(v); }},
        {"--google-token-seconds", [](options& o, const std::string& v) { o.google_token = seconds(v); }},
        {"--google-token-failures",
         [](options& o, const std::string& v) { o.google_token_failures = number<std::uint32_t>(v); }},
    };
    return table;
}

}  // namespace

std::optional<options> read_options(int argc, char** argv) {
    options read;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--help" || name == "-h") return std::nullopt;
        if (name == "--mute") {
            read.mute = true;
            continue;
        }
        const auto found = setters().find(name);
        if (found == setters().end()) throw wrong_use("unknown option " + name);
        if (++i == argc) throw wrong_use(name + " wants a value");
        try {
            found->second(read, argv[i]);
        } catch (const wrong_use& fault) {
            throw wrong_use(name + ": " + fault.what());
        }
    }
    if (read.folder.empty()) throw wrong_use("--folder is missing");
    return read;
}

std::string usage() {
    return "Usage: veil-fake-push --folder DIR [options]\n"
           "APNs (production, sandbox) and Google (access tokens, FCM) over TLS and HTTP/2, for tests and by hand.\n"
           "\n"
           "  --folder DIR               keys and certificates; what is missing is made, also DIR/veil.env, the\n"
           "                             variables that point a veil-api here\n"
           "  --host ADDRESS             where to listen (127.0.0.1)\n"
           "  --apns-port N              0, the default: any free port\n"
           "  --sandbox-port N\n"
           "  --google-port N\n"
           "  --out FILE                 JSON lines about everything that happens (standard output)\n"
           "  --streams N                concurrent streams of a connection; APNs: after its first accepted push "
           "(1000)\n"
           "  --token-update-seconds N   time in which APNs accepts no second new provider token (1200)\n"
           "  --google-token-seconds N   life of an access token (3599)\n"
           "  --google-token-failures N  so many first requests for one are answered with 503 (0)\n"
           "  --mute                     accept TCP and TLS, then be silent\n"
           "\n"
           "The first word of a device token says how a push is answered, <n> is a number that may be left out:\n"
           "  ok-  slow-<ms>-  hang-  429-<n>-  500-<n>-  503-<n>-  badjson-  unregistered-  unregisteredslow-<ms>-\n"
           "  once, then accepted: mute-  drop-  reset-  refused-  goaway-  garbage-\n"
           "  concurrent streams: shrink- (to 1)  grow- (to --streams)\n"
           "  APNs: unregisteredold-  expired-  baddevice-  sandbox-  production-  topic-  disallowed-  forbidden-\n"
           "        expiredprovider-\n"
           "  FCM:  quota-<n>-  invalid-  invalidpayload-  sender-  thirdparty-  unauth-\n"
           "\n"
           "Exit status: 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 for a wrong use.\n";
}

}  // namespace veil::fake_push
