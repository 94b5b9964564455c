// Secrets in files, secrets that are being replaced, and what SIGHUP reads again.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <support/temporary_folder.hpp>
#include <veil/config/config.hpp>

namespace veil::config {
namespace {

constexpr auto first = "2f7a0c51b3e94d68a1c75e20f3b98d46";
constexpr auto second = "7b1e93c4d05f28a6e94c31b7d2f0a586";
constexpr auto third = "c01d2e3f4a5b6c7d8e9fa0b1c2d3e4f5";

class config_files_test : public testing::Test {
 protected:
    std::vector<std::string> faults() {
        try {
            load(environment_);
            return {};
        } catch (const invalid& error) {
            return error.faults();
        }
    }

    std::string refusal(item which, settings& s) {
        try {
            reread(which, s, environment_);
            return "none";
        } catch (const invalid& error) {
            return error.faults().front();
        }
    }

    void in_file(const std::string& name, const std::string& text, bool for_all = false) {
        set_.erase(name);
        set_[name + "_FILE"] = folder_.write(name, text, for_all);
    }

    test::temporary_folder folder_;
    std::map<std::string, std::string> set_{{"DB_PASSWORD", "x"},
                                            {"EJABBERD_API_PASSWORD", "x"},
                                            {"JWT_SECRET", first},
                                            {"TURN_SECRET", second},
                                            {"WEBHOOK_SECRET", "x"}};
    const environment environment_ = [this](const std::string& name) -> std::optional<std::string> {
        const auto it = set_.find(name);
        return it == set_.end() || it->second.empty() ? std::nullopt : std::optional(it->second);
    };
};

TEST_F(config_files_test, a_secret_in_a_file_is_the_line_in_it) {
    for (const std::string end : {"", "\n", "\r\n"}) {
        in_file("JWT_SECRET", third + end);
        in_file("DB_PASSWORD", " with spaces " + end);
        const auto s = load(environment_);
        EXPECT_EQ(s.jwt_secret.current.reveal(), third);
        EXPECT_EQ(s.db_password.reveal(), " with spaces ");
        EXPECT_TRUE(s.warnings.empty());
    }
}

TEST_F(config_files_test, every_secret_can_be_in_a_file) {
    for (const auto* name :
         {"DB_PASSWORD", "DB_MIGRATION_PASSWORD", "EJABBERD_API_PASSWORD", "JWT_SECRET", "JWT_SECRET_PREVIOUS",
          "TURN_SECRET", "TURN_SECRET_PREVIOUS", "WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS", "DB_URL"}) {
        set_.erase(name);
        set_[std::string(name) + "_FILE"] = folder_.path("missing");
        const auto found = faults();
        ASSERT_FALSE(found.empty()) << name;
        EXPECT_TRUE(found.front().starts_with(std::string(name) + "_FILE cannot be read: No such file")) << found[0];
        set_.erase(std::string(name) + "_FILE");
        set_[name] = third;
    }
}

TEST_F(config_files_test, both_ways_at_once_are_a_fault) {
    set_["JWT_SECRET_FILE"] = folder_.write("jwt", third);
    EXPECT_EQ(faults().front(), "JWT_SECRET and JWT_SECRET_FILE are both set");
}

TEST_F(config_files_test, what_is_no_secret_in_a_file_is_a_clear_fault) {
    in_file("JWT_SECRET", "");
    EXPECT_EQ(faults().front(), "JWT_SECRET_FILE is an empty file");
    in_file("JWT_SECRET", "\n");
    EXPECT_EQ(faults().front(), "JWT_SECRET_FILE is an empty file");
    in_file("JWT_SECRET", std::string(third) + "\n" + third + "\n");
    EXPECT_EQ(faults().front(), "JWT_SECRET_FILE is not one line of text");
    in_file("JWT_SECRET", std::string(70'000, 'x'));
    EXPECT_EQ(faults().front(), "JWT_SECRET_FILE is too large for a key");
    set_["JWT_SECRET_FILE"] = folder_.path("");
    EXPECT_EQ(faults().front(), "JWT_SECRET_FILE is not a regular file");
    set_["JWT_SECRET_FILE"] = folder_.path("pipe");
    ASSERT_EQ(::mkfifo(folder_.path("pipe").c_str(), 0600), 0);
    EXPECT_EQ(faults().front(), "JWT_SECRET_FILE is not a regular file");
    in_file("JWT_SECRET", "short\n");
    EXPECT_TRUE(faults().front().starts_with("JWT_SECRET is shorter than 32 bytes")) << faults().front();
}

TEST_F(config_files_test, a_file_that_everybody_may_read_is_warned_about) {
    in_file("JWT_SECRET", third, true);
    in_file("LOG_LEVEL", "warn", true);
    const auto warnings = load(environment_).warnings;
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_TRUE(warnings[0].starts_with("JWT_SECRET_FILE can be read by every user")) << warnings[0];
}

TEST_F(config_files_test, the_secret_before_follows_the_rules_of_its_successor) {
    set_["JWT_SECRET_PREVIOUS"] = "short";
    EXPECT_TRUE(faults().front().starts_with("JWT_SECRET_PREVIOUS is shorter than 32 bytes"));
    set_["JWT_SECRET_PREVIOUS"] = third;
    set_["TURN_SECRET_PREVIOUS"] = "change-me-change-me-change-me-change-me";
    EXPECT_TRUE(faults().front().starts_with("TURN_SECRET_PREVIOUS is a placeholder"));
    set_["TURN_SECRET_PREVIOUS"] = third;
    set_["WEBHOOK_SECRET_PREVIOUS"] = "y";
    const auto s = load(environment_);
    EXPECT_EQ(s.jwt_secret.previous.reveal(), third);
    EXPECT_EQ(s.turn_secret.previous.reveal(), third);
    EXPECT_EQ(s.webhook_secret.previous.reveal(), "y");
    EXPECT_TRUE(s.warnings.empty());
}

TEST_F(config_files_test, a_rotation_that_replaces_nothing_is_noticed) {
    set_["JWT_SECRET_PREVIOUS"] = first;
    EXPECT_EQ(load(environment_).warnings,
              std::vector<std::string>{"JWT_SECRET_PREVIOUS is the same as JWT_SECRET: nothing is being replaced"});
    set_["JWT_SECRET_PREVIOUS"] = "";
    set_["WEBHOOK_SECRET"] = "";
    set_["WEBHOOK_SECRET_PREVIOUS"] = "y";
    EXPECT_EQ(faults(), std::vector<std::string>{"WEBHOOK_SECRET_PREVIOUS is set without WEBHOOK_SECRET"});
}

TEST_F(config_files_test, a_secret_before_is_withdrawn_by_emptying_its_file) {
    in_file("JWT_SECRET_PREVIOUS", third);
    auto s = load(environment_);
    EXPECT_FALSE(reread(item::jwt_secret, s, environment_));
    in_file("JWT_SECRET_PREVIOUS", "");
    EXPECT_TRUE(reread(item::jwt_secret, s, environment_));
    EXPECT_TRUE(s.jwt_secret.previous.empty());
}

TEST_F(config_files_test, an_item_is_taken_whole_or_not_at_all) {
    in_file("JWT_SECRET", first);
    in_file("JWT_SECRET_PREVIOUS", "");
    auto s = load(environment_);
    in_file("JWT_SECRET", third);
    in_file("JWT_SECRET_PREVIOUS", "short");
    EXPECT_TRUE(refusal(item::jwt_secret, s).starts_with("JWT_SECRET_PREVIOUS is shorter"));
    EXPECT_EQ(s.jwt_secret.current.reveal(), first);
    in_file("JWT_SECRET_PREVIOUS", first);
    EXPECT_EQ(refusal(item::jwt_secret, s), "none");
    EXPECT_EQ(s.jwt_secret.current.reveal(), third);
    EXPECT_EQ(s.jwt_secret.previous.reveal(), first);
    ::unlink(folder_.path("JWT_SECRET").c_str());
    EXPECT_TRUE(refusal(item::jwt_secret, s).starts_with("JWT_SECRET_FILE cannot be read"));
    EXPECT_EQ(s.jwt_secret.current.reveal(), third);
}

TEST_F(config_files_test, other_items_stay_what_they_are) {
    in_file("DB_PASSWORD", "old");
    in_file("LOG_LEVEL", "info");
    auto s = load(environment_);
    in_file("DB_PASSWORD", "new");
    in_file("LOG_LEVEL", "debug");
    EXPECT_TRUE(reread(item::log_level, s, environment_));
    EXPECT_EQ(s.log_level, log::level::debug);
    EXPECT_EQ(s.db_password.reveal(), "old");
    EXPECT_TRUE(reread(item::database, s, environment_));
    EXPECT_EQ(s.db_password.reveal(), "new");
    in_file("LOG_LEVEL", "loud");
    EXPECT_EQ(refusal(item::log_level, s), "LOG_LEVEL_FILE is none of debug, info, warn, error");
}

TEST_F(config_files_test, what_the_environment_holds_is_fixed) {
    EXPECT_TRUE(is_fixed(item::jwt_secret, environment_));
    in_file("JWT_SECRET_PREVIOUS", "");
    EXPECT_FALSE(is_fixed(item::jwt_secret, environment_));
    for (const auto which : items) EXPECT_FALSE(name_of(which).empty());
}

}  // namespace
}  // namespace veil::config
