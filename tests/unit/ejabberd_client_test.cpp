// The ejabberd client against answers that a real ejabberd gives while its database is down: none may be believed.
#include <gtest/gtest.h>

#include <map>
#include <support/fake_https.hpp>
#include <support/run.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/ejabberd/rooms.hpp>

namespace veil::ejabberd {
namespace {

using test::fake_https;

class ejabberd_client_test : public testing::Test {
 protected:
    fake_https::reply decide(const fake_https::seen& request) {
        const auto command = request.target.substr(request.target.rfind('/') + 1);
        if (command == "oauth_issue_token" && !token_answer_.empty()) return {.body = token_answer_};
        if (command == "oauth_issue_token" && request.authorization != basic(accepted_))
            return {.status = 401, .body = "{}"};
        if (command == "oauth_issue_token") return {.body = R"({"token":"t)" + std::to_string(++tokens_) + R"("})"};
        if (request.authorization != "Bearer t" + std::to_string(tokens_)) return {.status = 401, .body = "{}"};
        if (command == "subscribe_room") nicks_.push_back(nlohmann::json::parse(request.body).at("nick"));
        const auto it = answers_.find(command);
        return it == answers_.end() ? fake_https::reply{.status = 404, .body = "{}"} : it->second;
    }
    template <class T>
    T run(boost::asio::awaitable<T> task) {
        return test::run(io_, std::move(task));
    }

    static std::string basic(const std::string& password) {
        return "Basic " + crypto::base64("veil-api@example.com:" + password);
    }

    int tokens_ = 0;
    std::string token_answer_;        // instead of a token, when it is set
    std::string accepted_ = "pw";     // the password of the API's account
    std::vector<std::string> nicks_;  // that users were subscribed with
    std::map<std::string, fake_https::reply> answers_;
    fake_https server_{"127.0.0.1", [this](const auto& request) { return decide(request); }};
    boost::asio::io_context io_;
    veil::client::https_pool pool_{io_.get_executor(),
                                   {.host = "127.0.0.1", .port = server_.port(), .ca_file = server_.ca_file()}};
    client client_{io_.get_executor(),
                   pool_,
                   {.domain = "example.com", .api_user = "veil-api", .api_password = core::secret("pw")}};
    const core::secret password_{"password"};
    rooms rooms_{client_, "muc.example.com", "example.com"};
};

TEST_F(ejabberd_client_test, a_wrong_password_is_believed_only_from_a_working_database) {
    answers_["check_password"] = {.body = "0"};
    EXPECT_TRUE(run(client_.check_password("alice", password_)));
    answers_["check_password"] = {.body = "1"};
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_FALSE(run(client_.check_password("alice", password_)));
    answers_["stats"] = {.body = R"({"stat":0})"};
    EXPECT_THROW(run(client_.check_password("alice", password_)), core::unavailable);
}

TEST_F(ejabberd_client_test, a_taken_name_is_believed_only_when_it_can_be_shown) {
    answers_["register"] = {.body = R"("User alice@example.com successfully registered")"};
    EXPECT_EQ(run(client_.register_user("alice", password_)), registration::registered);
    answers_["register"] = {.status = 409, .body = R"({"status":"error","code":10090,"message":"already"})"};
    answers_["check_account"] = {.body = "0"};
    EXPECT_EQ(run(client_.register_user("alice", password_)), registration::exists);
    answers_["check_account"] = {.body = "1"};
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_THROW(run(client_.register_user("alice", password_)), core::unavailable);
    answers_["register"] = {.status = 500, .body = R"({"message":"Can't register"})"};
    EXPECT_THROW(run(client_.register_user("alice", password_)), core::refused);
}

TEST_F(ejabberd_client_test, an_account_is_gone_only_when_ejabberd_can_count_the_others) {
    answers_["unregister"] = {.body = R"("")"};
    answers_["check_account"] = {.body = "1"};
    answers_["stats"] = {.body = R"({"stat":0})"};
    EXPECT_THROW(run(client_.unregister("alice")), core::unavailable);
    answers_["check_account"] = {.body = "0"};
    EXPECT_THROW(run(client_.unregister("alice")), core::unavailable);
    answers_["check_account"] = {.body = "1"};
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_NO_THROW(run(client_.unregister("alice")));
}

TEST_F(ejabberd_client_test, a_password_change) {
    answers_["change_password"] = {.body = "0"};
    EXPECT_EQ(run(client_.change_password("alice", password_)), password_change::changed);
    answers_["change_password"] = {.status = 400, .body = R"("db_failure")"};
    EXPECT_THROW(run(client_.change_password("alice", password_)), core::unavailable);
    answers_["change_password"] = {.status = 404, .body = R"("unknown_user")"};
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_EQ(run(client_.change_password("alice", password_)), password_change::unknown_user);
}

TEST_F(ejabberd_client_test, a_token_is_bought_once_and_again_when_it_is_no_longer_accepted) {
    answers_["check_account"] = {.body = "0"};
    EXPECT_TRUE(run(client_.account_exists("alice")));
    EXPECT_TRUE(run(client_.account_exists("alice")));
    EXPECT_EQ(tokens_, 1);
    ++tokens_;  // the server forgets the token it gave
    EXPECT_TRUE(run(client_.account_exists("alice")));
    EXPECT_EQ(tokens_, 3);
}

TEST_F(ejabberd_client_test, answers_that_make_no_sense_are_refused) {
    answers_["check_account"] = {.body = "<html>"};
    EXPECT_THROW(run(client_.account_exists("alice")), core::refused);
    answers_["check_account"] = {.status = 500, .body = "\"internal_error\""};
    EXPECT_THROW(run(client_.account_exists("alice")), core::refused);
    answers_["stats"] = {.body = "[]"};
    EXPECT_FALSE(run(client_.ready()));
}

TEST_F(ejabberd_client_test, a_token_that_no_header_can_carry_is_none) {
    answers_["check_account"] = {.body = "0"};
    for (const auto* none : {"[]", R"({"token":7})", R"({"token":""})", R"({"token":"t\r\nx: y"})"}) {
        token_answer_ = none;
        EXPECT_THROW(run(client_.account_exists("alice")), core::unavailable) << none;
    }
    token_answer_.clear();
    EXPECT_TRUE(run(client_.account_exists("alice")));
}

TEST_F(ejabberd_client_test, another_password_of_its_account_is_tried_before_it_is_used) {
    answers_["check_account"] = {.body = "0"};
    EXPECT_TRUE(run(client_.account_exists("alice")));
    EXPECT_THROW(run(client_.adopt_password(core::secret("new pw"))), core::refused);
    EXPECT_TRUE(run(client_.account_exists("alice")));
    EXPECT_EQ(tokens_, 1) << "the old password and its token stay in use";
    accepted_ = "new pw";
    run(client_.adopt_password(core::secret("new pw")));
    EXPECT_EQ(tokens_, 2);
    tokens_ = 3;  // the second one ends: with which password is the next bought?
    EXPECT_TRUE(run(client_.account_exists("alice")));
    EXPECT_EQ(tokens_, 4);
}

constexpr const char* no_such_room = R"("The room does not exist.")";
constexpr const char* nick_taken = R"("That nickname is already in use by another occupant")";

TEST_F(ejabberd_client_test, a_room_is_missing_only_when_the_database_works) {
    answers_["get_room_affiliations"] = {.status = 400, .body = no_such_room};
    answers_["stats"] = {.body = R"({"stat":0})"};
    EXPECT_THROW(run(rooms_.affiliations("r")), core::unavailable);
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_EQ(run(rooms_.affiliations("r")), std::nullopt);
    answers_["get_room_affiliations"] = {
        .body = R"([{"username":"bob","domain":"example.com","affiliation":"owner","reason":""}])"};
    EXPECT_EQ(run(rooms_.affiliations("r")),
              (std::map<std::string, affiliation>{{"bob@example.com", affiliation::owner}}));
    answers_["get_room_affiliations"] = {.body = R"([{"username":7}])"};
    EXPECT_THROW(run(rooms_.affiliations("r")), core::refused);
}

TEST_F(ejabberd_client_test, a_destroyed_room_is_looked_for) {
    answers_["destroy_room"] = {.body = "0"};
    answers_["get_room_affiliations"] = {.body = "[]"};
    EXPECT_THROW(run(rooms_.destroy("r")), core::unavailable) << "it comes back when the database does";
    answers_["get_room_affiliations"] = {.status = 400, .body = no_such_room};
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_NO_THROW(run(rooms_.destroy("r")));
    answers_["destroy_room"] = {.status = 400, .body = R"("Room doesn't exists")"};
    EXPECT_NO_THROW(run(rooms_.destroy("r")));
}

TEST_F(ejabberd_client_test, a_refusal_without_a_database_may_have_had_its_effect) {
    answers_["set_room_affiliation"] = {.status = 400, .body = R"("Unable to perform change")"};
    answers_["stats"] = {.body = R"({"stat":0})"};
    EXPECT_THROW(run(rooms_.set_affiliation("r", "bob@example.com", affiliation::none)), core::unavailable);
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_THROW(run(rooms_.set_affiliation("r", "bob@example.com", affiliation::none)), core::refused);
}

TEST_F(ejabberd_client_test, somebody_who_uses_another_ones_name_in_a_room_does_not_keep_him_out) {
    answers_["subscribe_room"] = {.status = 400, .body = nick_taken};
    answers_["stats"] = {.body = R"({"stat":7})"};
    EXPECT_THROW(run(rooms_.subscribe("r", "bob@example.com")), core::refused);
    EXPECT_EQ(nicks_.size(), 2u);
    EXPECT_EQ(nicks_.front(), "bob");
    EXPECT_TRUE(nicks_.back().starts_with("bob-"));
}

TEST_F(ejabberd_client_test, what_makes_a_room_unsafe_is_named_with_its_right_value) {
    answers_["get_room_options"] = {.body = R"({"title":"Hike","persistent":"true","members_only":"true",)"
                                            R"("moderated":"true","allow_subscription":"true","mam":"true",)"
                                            R"("anonymous":"false","public":"false","password_protected":"false"})"};
    const auto found = run(rooms_.options("r"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->title, "Hike");
    EXPECT_EQ(found->unsafe, (std::map<std::string, std::string>{{"moderated", "false"}}));
    answers_["get_room_options"] = {.body = "{}"};
    EXPECT_FALSE(run(rooms_.options("r")));
    answers_["get_room_options"] = {.body = R"({"title":7})"};
    EXPECT_THROW(run(rooms_.options("r")), core::refused);
}

}  // namespace
}  // namespace veil::ejabberd
