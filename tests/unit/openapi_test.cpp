// What a reader of /openapi.json sees, with a service that has one route of each kind.
#include <gtest/gtest.h>

#include <set>
#include <support/run.hpp>
#include <veil/auth/tokens.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/errors.hpp>
#include <veil/http/openapi.hpp>
#include <veil/push/webhook.hpp>

namespace veil::http {
namespace {

using nlohmann::json;

constexpr core::failure taken{409, "Taken"};
constexpr core::failure forged{401, "Forged"};
constexpr core::failure full{503, "Full"};
constexpr core::failure no_book{404, "No book"};

bool is_code(std::string_view text) { return text.size() == 2; }
constexpr core::pattern code_pattern{"^..$", is_code};
constexpr core::rules code_rules{.max_length = 9, .shape = &code_pattern};

struct book {
    std::string title;
    core::secret key;
    std::optional<std::string> note;
    std::int64_t pages = 0;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{field("title", &book::title), field("key", &book::key), field("note", &book::note),
                          field("pages", &book::pages, {.about = "How many.", .example = "12"})};
    }
};

struct shelf {
    std::vector<book> books;
    book best;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{field("books", &shelf::books), field("best", &shelf::best, {.about = "Of them."})};
    }
};

struct wanted_book {
    std::string title;
    std::string language;
    core::secret key;
    std::vector<std::string> codes;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("title", &wanted_book::title,
                  {.min_length = 1, .max_length = 9, .about = "On the cover.", .example = "Emma"}),
            field("language", &wanted_book::language, {.shape = &code_pattern, .fallback = "en"}),
            field("key", &wanted_book::key, {.min_length = 8}),
            field("codes", &wanted_book::codes,
                  {.min_length = 2, .shape = &code_pattern, .fallback = "", .example = "ab", .max_items = 3})};
    }
};

class library {
 public:
    awaitable<created<book>> add(auth::user, wanted_book) { co_return created<book>{{"Emma", {}, {}, 1}}; }
    awaitable<shelf> list() { co_return shelf{}; }
    awaitable<book> one(auth::user, path<"code">) { co_return book{}; }
    awaitable<book> part(path<"code">, path<"part">) { co_return book{}; }
    awaitable<prepared_json<book>> constant() { co_return prepared_json<book>{"{}"}; }
    awaitable<with_status<book, 200, 503>> state() { co_return with_status<book, 200, 503>{chosen_status, {}}; }
    awaitable<response> page() { co_return response{.body = "<p>"}; }
    awaitable<response> anything() { co_return response{.body = "{}"}; }
    awaitable<book> told(push::webhook_caller, wanted_book) { co_return book{}; }

    int chosen_status = 503;
};

class openapi_test : public testing::Test {
 protected:
    openapi_test() {
        routes_.provide(tokens_);
        routes_.provide(gate_);
        routes_.on("POST", "/api/v1/groups", library_, &library::add,
                   {.id = "add_book", .summary = "Add a book", .description = "*Any*", .failures = {taken, forged}});
        routes_.on("GET", "/healthz", library_, &library::state, {.id = "state", .summary = "s", .failures = {full}});
        routes_.on("GET", "/api/v1/groups", library_, &library::list, {.id = "list", .summary = "s"});
        routes_.on("GET", "/api/v1/groups/{code}", library_, &library::one,
                   {.id = "one",
                    .summary = "s",
                    .failures = {no_book},
                    .parameters = {{"code", "Its code.", "ab", &code_rules}}});
        routes_.on("GET", "/api/v1/groups/{code}/parts/{part}", library_, &library::part,
                   {.id = "part", .summary = "s"});
        routes_.on("GET", "/api/v1/server", library_, &library::constant,
                   {.id = "constant", .summary = "s", .deprecated = true});
        routes_.on("GET", "/page", library_, &library::page, {.id = "page", .summary = "s", .content = "text/html"});
        routes_.on("GET", "/anything", library_, &library::anything, {.id = "anything", .summary = "s"});
        routes_.on("POST", "/api/v1/push/told", library_, &library::told,
                   {.id = "told", .summary = "s", .accepts = body_type::any});
        document_ = json::parse(openapi(routes_, {"Books", "1.2.3", "All of *them*."}));
    }

    const json& at(const std::string& pointer) const { return document_.at(json::json_pointer(pointer)); }

    const json& operation_at(const std::string& path, const std::string& method) const {
        return document_.at("paths").at(path).at(method);
    }

    const json& answer(const std::string& path, const std::string& method, const std::string& status) const {
        return operation_at(path, method).at("responses").at(status);
    }

    static json statuses(const json& operation) {
        json out = json::array();
        for (const auto& [status, _] : operation.at("responses").items()) out.push_back(status);
        return out;
    }

    static const json& schema_of(const json& answer) {
        return answer.at("content").at("application/json").at("schema");
    }

    library library_;
    test::pinned_clock clock_{1'800'000'000};
    db::pool unused_{
        {.dsn = core::secret("host=127.0.0.1 port=1 connect_timeout=1"), .min_connections = 0, .max_connections = 1}};
    auth::revocations revoked_{unused_, clock_};
    auth::tokens tokens_{{.secret = core::secret(std::string(32, 'k')), .domain = "example.com"}, clock_, revoked_};
    push::webhook_gate gate_{core::secret("webhook secret")};
    router routes_;
    json document_;
};

void collect(const json& from, const std::string& key, std::vector<std::string>& found) {
    if (from.is_object() && from.contains(key) && from[key].is_string()) found.push_back(from[key]);
    for (const auto& each : from)
        if (each.is_structured()) collect(each, key, found);
}

TEST_F(openapi_test, names_itself_and_its_license) {
    EXPECT_EQ(at("/openapi"), "3.1.0");
    EXPECT_EQ(at("/info/title"), "Books");
    EXPECT_EQ(at("/info/version"), "1.2.3");
    EXPECT_EQ(at("/info/description"), "All of *them*.");
    EXPECT_EQ(at("/info/license/identifier"), "MIT");
    EXPECT_EQ(at("/servers").dump(), R"([{"url":"/"}])");
}

TEST_F(openapi_test, has_every_route_once_and_in_the_order_they_were_added) {
    const auto ordered = nlohmann::ordered_json::parse(openapi(routes_, {"Books", "1", "x"}));
    std::vector<std::string> paths;
    for (const auto& [path, _] : ordered.at("paths").items()) paths.push_back(path);
    EXPECT_EQ(paths, (std::vector<std::string>{"/api/v1/groups", "/healthz", "/api/v1/groups/{code}",
                                               "/api/v1/groups/{code}/parts/{part}", "/api/v1/server", "/page",
                                               "/anything", "/api/v1/push/told"}));
    std::vector<std::string> ids;
    collect(document_, "operationId", ids);
    EXPECT_EQ(ids.size(), routes_.operations().size());
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
    for (const auto& each : routes_.operations())
        EXPECT_EQ(operation_at(each.pattern, core::to_lower(each.method)).at("operationId"), each.about.id);
}

TEST_F(openapi_test, every_reference_leads_somewhere) {
    std::vector<std::string> references;
    collect(document_, "$ref", references);
    EXPECT_GT(references.size(), 20U);
    for (const auto& each : references) {
        ASSERT_TRUE(each.starts_with("#/components/")) << each;
        EXPECT_TRUE(document_.contains(json::json_pointer(each.substr(1)))) << each;
    }
}

TEST_F(openapi_test, tags_follow_from_the_path_and_are_described) {
    EXPECT_EQ(operation_at("/api/v1/groups/{code}", "get").at("tags").dump(), R"(["groups"])");
    EXPECT_EQ(operation_at("/api/v1/server", "get").at("tags").dump(), R"(["server"])");
    EXPECT_EQ(operation_at("/healthz", "get").at("tags").dump(), R"(["operations"])");
    EXPECT_EQ(operation_at("/page", "get").at("tags").dump(), R"(["documentation"])");
    std::vector<std::string> names;
    for (const auto& each : at("/tags")) {
        names.push_back(each.at("name"));
        EXPECT_FALSE(each.at("description").get<std::string>().empty());
    }
    EXPECT_EQ(names, (std::vector<std::string>{"push", "server", "groups", "operations", "documentation"}));
    routes_.on("GET", "/api/v1/nowhere", library_, &library::list, {.id = "nowhere", .summary = "s"});
    EXPECT_THROW(openapi(routes_, {"Books", "1", "x"}), std::logic_error);
}

TEST_F(openapi_test, a_body_is_required_and_described_with_its_limits) {
    const auto& add = operation_at("/api/v1/groups", "post");
    EXPECT_EQ(add.at("summary"), "Add a book");
    EXPECT_EQ(add.at("description"), "*Any*");
    EXPECT_EQ(add.at("requestBody").dump(), R"({"content":{"application/json":{"schema":)"
                                            R"({"$ref":"#/components/schemas/http.wanted_book"}}},"required":true})");
    const auto& schema = at("/components/schemas/http.wanted_book");
    EXPECT_EQ(schema.at("required").dump(), R"(["title","key"])");
    const auto& fields = schema.at("properties");
    EXPECT_EQ(fields.at("title"), json::parse(R"({"type":"string","description":"On the cover.","minLength":1,
        "maxLength":9,"examples":["Emma"]})"));
    EXPECT_EQ(fields.at("language"), json::parse(R"({"type":"string","pattern":"^..$","default":"en"})"));
    EXPECT_EQ(fields.at("key"), json::parse(R"({"type":"string","minLength":8,"format":"password"})"));
    EXPECT_EQ(fields.at("codes"), json::parse(R"({"type":"array","maxItems":3,"default":[],"examples":[["ab"]],
        "items":{"type":"string","minLength":2,"pattern":"^..$"}})"));
}

TEST_F(openapi_test, an_answer_is_described_with_what_it_holds) {
    EXPECT_EQ(statuses(operation_at("/api/v1/groups", "get")),
              json({"200", "400", "408", "429", "431", "500", "503", "504"}));
    EXPECT_EQ(schema_of(answer("/api/v1/groups", "get", "200")).at("$ref"), "#/components/schemas/http.shelf");
    const auto& fields = at("/components/schemas/http.shelf/properties");
    EXPECT_EQ(fields.at("books"), json::parse(R"({"type":"array","items":{"$ref":"#/components/schemas/http.book"}})"));
    EXPECT_EQ(fields.at("best"), json::parse(R"({"$ref":"#/components/schemas/http.book","description":"Of them."})"));
    const auto& book = at("/components/schemas/http.book");
    EXPECT_EQ(book.at("required").dump(), R"(["title","key","note","pages"])");
    EXPECT_EQ(book.at("properties").at("note"), json::parse(R"({"type":["string","null"]})"));
    EXPECT_EQ(book.at("properties").at("pages"),
              json::parse(R"({"type":"integer","description":"How many.","examples":[12]})"));
}

TEST_F(openapi_test, a_body_adds_the_answers_to_a_bad_one) {
    const auto& add = operation_at("/api/v1/groups", "post");
    EXPECT_EQ(statuses(add),
              json({"201", "400", "401", "408", "409", "413", "422", "429", "431", "500", "503", "504"}));
    EXPECT_EQ(schema_of(add.at("responses").at("201")).at("$ref"), "#/components/schemas/http.book");
    EXPECT_EQ(add.at("responses").at("422").at("$ref"), "#/components/responses/ValidationError");
    EXPECT_EQ(schema_of(at("/components/responses/ValidationError")).at("$ref"),
              "#/components/schemas/ValidationError");
}

TEST_F(openapi_test, failures_of_one_status_are_merged) {
    const auto& unauthorized = answer("/api/v1/groups", "post", "401");
    const auto& details = schema_of(unauthorized).at("properties").at("detail").at("enum");
    EXPECT_EQ(details, json({"Not authenticated", "Invalid authentication credentials", "Token has expired",
                             "Token missing sub claim", "Invalid token", "Token has been revoked", "Forged"}));
    const auto& examples = unauthorized.at("content").at("application/json").at("examples");
    EXPECT_EQ(examples.size(), details.size());
    EXPECT_EQ(examples.at("token_has_expired").dump(), R"({"value":{"detail":"Token has expired"}})");
    EXPECT_EQ(schema_of(answer("/api/v1/groups", "post", "409")), json::parse(R"({"type":"object","required":["detail"],
                  "properties":{"detail":{"type":"string","enum":["Taken"]}}})"));
}

TEST_F(openapi_test, the_common_answers_are_components_until_a_handler_has_its_own) {
    EXPECT_EQ(answer("/page", "get", "503").dump(), R"({"$ref":"#/components/responses/ServiceUnavailable"})");
    EXPECT_EQ(schema_of(at("/components/responses/ServiceUnavailable")).at("properties").at("detail").at("enum").dump(),
              R"(["Service Unavailable"])");
    const auto& both = schema_of(answer("/healthz", "get", "503")).at("anyOf");
    EXPECT_EQ(both.at(0).at("$ref"), "#/components/schemas/http.book");
    EXPECT_EQ(both.at(1).at("properties").at("detail").at("enum").dump(), R"(["Full","Service Unavailable"])");
}

TEST_F(openapi_test, who_may_call) {
    EXPECT_EQ(operation_at("/api/v1/groups", "get").at("security").dump(), "[]");
    EXPECT_EQ(operation_at("/api/v1/groups", "post").at("security").dump(), R"([{"bearer":[]}])");
    EXPECT_EQ(operation_at("/api/v1/push/told", "post").at("security").dump(), R"([{"webhook":[]}])");
    EXPECT_EQ(at("/components/securitySchemes/bearer/scheme"), "bearer");
    EXPECT_EQ(at("/components/securitySchemes/webhook/name"), "X-Webhook-Secret");
    EXPECT_TRUE(answer("/api/v1/groups", "post", "401").at("headers").contains("WWW-Authenticate"));
    const auto& refused = answer("/api/v1/push/told", "post", "401");
    EXPECT_FALSE(refused.at("headers").contains("WWW-Authenticate"));
    EXPECT_EQ(schema_of(refused).at("properties").at("detail").at("enum").dump(), R"(["Invalid webhook secret"])");
}

TEST_F(openapi_test, every_answer_names_the_request_id) {
    for (const auto& [path, item] : at("/paths").items())
        for (const auto& [method, operation] : item.items())
            for (const auto& [status, each] : operation.at("responses").items()) {
                const auto& whole = each.contains("$ref") ? at(each["$ref"].get<std::string>().substr(1)) : each;
                EXPECT_TRUE(whole.at("headers").contains("X-Request-Id")) << path << method << status;
            }
    EXPECT_TRUE(answer("/healthz", "get", "503").at("headers").contains("Retry-After"));
}

TEST_F(openapi_test, path_parameters_come_from_the_pattern_with_what_the_route_tells) {
    const auto& one = operation_at("/api/v1/groups/{code}", "get");
    EXPECT_EQ(one.at("parameters"), json::parse(R"([{"name":"code","in":"path","required":true,
        "description":"Its code.","schema":{"type":"string","maxLength":9,"pattern":"^..$"},"example":"ab"}])"));
    EXPECT_EQ(one.at("responses").at("422").at("$ref"), "#/components/responses/ValidationError");
    EXPECT_EQ(schema_of(one.at("responses").at("404")).at("properties").at("detail").at("enum").dump(),
              R"(["Not Found","No book"])");
    const auto& part = operation_at("/api/v1/groups/{code}/parts/{part}", "get");
    EXPECT_EQ(part.at("parameters").at(0).at("name"), "code");
    EXPECT_EQ(part.at("parameters").at(1).at("name"), "part");
    EXPECT_FALSE(part.at("responses").contains("422"));
    EXPECT_THROW(routes_.on("GET", "/x", library_, &library::list,
                            {.id = "x", .summary = "s", .parameters = {{"code", "None there.", "ab"}}}),
                 std::logic_error);
}

TEST_F(openapi_test, a_path_parameter_with_a_rule_is_checked) {
    request wrong{.method = "GET", .path = "/api/v1/groups/abc"};
    wrong.headers.emplace_back("Authorization", "Bearer " + tokens_.issue("alice@example.com").reveal());
    const auto refused = test::run(routes_.handle(wrong));
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(refused.body.find(R"("loc":["path","code"])"), std::string::npos);
    wrong.path = "/api/v1/groups/ab";
    wrong.parameters.clear();
    EXPECT_EQ(test::run(routes_.handle(wrong)).status, 200);
}

TEST_F(openapi_test, other_media_types_prepared_answers_and_what_is_deprecated) {
    EXPECT_EQ(answer("/page", "get", "200").at("content").dump(), R"({"text/html":{"schema":{"type":"string"}}})");
    EXPECT_EQ(schema_of(answer("/anything", "get", "200")).dump(), R"({"type":"object"})");
    EXPECT_EQ(schema_of(answer("/api/v1/server", "get", "200")).at("$ref"), "#/components/schemas/http.book");
    EXPECT_EQ(operation_at("/api/v1/server", "get").at("deprecated"), true);
    EXPECT_FALSE(operation_at("/page", "get").contains("deprecated"));
}

TEST_F(openapi_test, a_handler_chooses_only_among_the_statuses_it_names) {
    request ask{.method = "GET", .path = "/healthz"};
    EXPECT_EQ(test::run(routes_.handle(ask)).status, 503);
    library_.chosen_status = 201;
    EXPECT_EQ(test::run(routes_.handle(ask)).status, 500);
}

TEST_F(openapi_test, two_routes_share_neither_an_id_nor_a_place) {
    EXPECT_THROW(routes_.on("GET", "/new", library_, &library::list, {.id = "list", .summary = "s"}), std::logic_error);
    EXPECT_THROW(routes_.on("GET", "/page", library_, &library::list, {.id = "new", .summary = "s"}), std::logic_error);
}

}  // namespace
}  // namespace veil::http
