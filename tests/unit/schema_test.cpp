// How DTOs are named and described.
#include <gtest/gtest.h>

#include <veil/account/service.hpp>
#include <veil/core/schema.hpp>

namespace veil::core {
namespace {

struct sample {
    std::string name;
    std::string note;
    std::vector<std::string> tags;
    static constexpr auto fields() {
        return std::tuple{field("name", &sample::name, {.min_length = 1, .max_length = 4}),
                          field("note", &sample::note, {.fallback = "none"}),
                          field("tags", &sample::tags, {.fallback = ""})};
    }
};

struct holder {
    std::vector<sample> samples;
    static constexpr auto fields() { return std::tuple{field("samples", &holder::samples)}; }
};

std::string called_sample() { return "core.sample"; }
nlohmann::ordered_json nothing(schemas&) { return nlohmann::ordered_json::object(); }
constexpr schema impostor{&called_sample, &nothing};

TEST(type_name, is_the_name_in_cpp_with_dots_and_without_the_project) {
    EXPECT_EQ(type_name<account::credentials>(), "account.credentials");
    EXPECT_EQ(type_name<sample>(), "core.sample");  // not the unnamed namespace
    EXPECT_EQ(dotted_name("veil::http::(anonymous namespace)::x"), "http.x");
    EXPECT_EQ(dotted_name("other::veil::x"), "other.veil.x");
}

TEST(schema, lists_fields_in_the_order_of_the_table) {
    schemas none;
    EXPECT_EQ(describe<sample>(none).dump(),
              R"({"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":4},)"
              R"("note":{"type":"string","default":"none"},)"
              R"("tags":{"type":"array","items":{"type":"string"},"default":[]}},"required":["name"]})");
}

TEST(schema, what_is_referred_to_is_there_once) {
    schemas all;
    EXPECT_EQ(all.refer(schema_of<holder>).dump(), R"({"$ref":"#/components/schemas/core.holder"})");
    all.refer(schema_of<holder>);
    std::string out;
    all.render_to(out);
    const auto document = nlohmann::json::parse(out);
    EXPECT_EQ(document.size(), 2U);
    EXPECT_EQ(document.at("core.holder").at("properties").at("samples").at("items").at("$ref"),
              "#/components/schemas/core.sample");
    EXPECT_EQ(document.at("core.sample").at("type"), "object");
}

TEST(schema, two_types_never_share_a_name) {
    schemas all;
    all.refer(schema_of<sample>);
    EXPECT_THROW(all.refer(impostor), std::logic_error);
}

TEST(schema, knows_whether_every_field_is_always_there) {
    EXPECT_TRUE(is_complete<account::signed_in>());
    EXPECT_FALSE(is_complete<sample>());
    EXPECT_FALSE(is_complete<holder>());  // for what it holds is not
}

}  // namespace
}  // namespace veil::core
