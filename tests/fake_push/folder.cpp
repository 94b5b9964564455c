#include "folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <veil/core/uuid.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/crypto/encoding.hpp>

#include "names.hpp"

namespace veil::fake_push {
namespace fs = std::filesystem;
namespace {

constexpr auto authority_file = "ca.pem";
constexpr auto certificate_file = "server.pem";
constexpr auto server_key_file = "server.key";
constexpr auto apns_key_file = "apns_key.p8";
constexpr auto apns_next_key_file = "apns_key_next.p8";
constexpr auto service_account_file = "service_account.json";
constexpr auto environment_file = "veil.env";

}  // namespace

folder::folder(const std::string& path) : path_(fs::absolute(path).lexically_normal()) {
    if (fs::create_directories(path_)) fs::permissions(path_, fs::perms::owner_all);
    load_server();
    apns_key_ = load_apns_key(apns_key_file);
    apns_next_key_ = load_apns_key(apns_next_key_file);
    load_service_account();
}

// The authority's key is not kept: nothing else shall ever be signed with it, so all three are made together.
void folder::load_server() {
    if (!has(authority_file) || !has(certificate_file) || !has(server_key_file)) {
        const auto authority = test::make_authority();
        const auto made = test::make_server(authority, {"localhost", "127.0.0.1"});
        write(authority_file, test::pem(*authority.certificate));
        write(certificate_file, test::pem(*made.certificate));
        write(server_key_file, test::pem(*made.key));
    }
    server_ = {test::key_from_pem(read(server_key_file)), test::certificate_from_pem(read(certificate_file))};
}

test::key_ptr folder::load_apns_key(const char* name) const {
    if (!has(name)) write(name, test::pem(*test::make_ec_key()));
    return test::key_from_pem(read(name));
}

void folder::load_service_account() {
    if (!has(service_account_file)) {
        service_key_ = test::make_rsa_key();
        client_email_ = fmt::format("push@{}.iam.gserviceaccount.com", project_id);
        private_key_id_ = crypto::hex(crypto::sha256(core::uuid4())).substr(0, 40);
        return;
    }
    const auto account = nlohmann::json::parse(read(service_account_file));
    service_key_ = test::key_from_pem(account.at("private_key").get<std::string>());
    client_email_ = account.at("client_email").get<std::string>();
    private_key_id_ = account.at("private_key_id").get<std::string>();
}

std::string folder::token_uri(std::uint16_t google_port) {
    return fmt::format("https://localhost:{}/token", google_port);
}

void folder::point_at(const ports& where) const {
    const nlohmann::ordered_json account{
        {"type", "service_account"},         {"project_id", project_id},
        {"private_key_id", private_key_id_}, {"private_key", test::pem(*service_key_)},
        {"client_email", client_email_},     {"token_uri", token_uri(where.google)},
    };
    write(service_account_file, account.dump(2) + "\n");
    const auto file = [this](const char* name) { return (path_ / name).string(); };
    write(environment_file,
          fmt::format("PUSH_CA_FILE={}\nAPNS_HOST=localhost:{}\nAPNS_SANDBOX_HOST=localhost:{}\nFCM_HOST=localhost:{}\n"
                      "FCM_TOKEN_HOST=localhost:{}\nAPNS_KEY_PATH={}\nAPNS_KEY_ID={}\nAPNS_TEAM_ID={}\n"
                      "FCM_SERVICE_ACCOUNT_PATH={}\n",
                      file(authority_file), where.apns, where.sandbox, where.google, where.google, file(apns_key_file),
                      apns_key_id, apns_team_id, file(service_account_file)));
}

// Whole or not at all, and never readable for others, not even for a moment.
void folder::write(const char* name, const std::string& text) const {
    const auto target = path_ / name, draft = path_ / (std::string(name) + ".new");
    const auto mask = ::umask(S_IRWXG | S_IRWXO);
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    ::umask(mask);
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + draft.string());
    fs::rename(draft, target);
}

std::string folder::read(const char* name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + (path_ / name).string());
    return {std::istreambuf_iterator<char>(in), {}};
}

bool folder::has(const char* name) const { return fs::exists(path_ / name); }

}  // namespace veil::fake_push
