// What a client sees of the field tables: every 422 item of the contract, what is accepted, what is rendered.
#include <gtest/gtest.h>

#include <veil/account/service.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/fields.hpp>

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

bool is_lower(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}
constexpr pattern lower_pattern{"^[a-z]*$", is_lower};

struct crew {
    std::vector<std::string> members;
    static constexpr auto fields() {
        return std::tuple{
            field("members", &crew::members,
                  {.min_length = 2, .max_length = 4, .shape = &lower_pattern, .fallback = "", .max_items = 3})};
    }
};

template <class T = sample>
std::string refusal(std::string_view body) {
    try {
        parse<T>(body);
    } catch (const api_error& error) {
        EXPECT_EQ(error.status(), 422);
        return error.body();
    }
    return "accepted";
}

TEST(fields, every_fault_is_reported_at_once_in_the_order_of_the_table) {
    EXPECT_EQ(refusal<account::credentials>(R"({"password":"short","username":"a b"})"),
              R"({"detail":[{"type":"string_pattern_mismatch","loc":["body","username"],)"
              R"("msg":"String should match pattern '^[a-zA-Z0-9_]+$'","ctx":{"pattern":"^[a-zA-Z0-9_]+$"}},)"
              R"({"type":"string_too_short","loc":["body","password"],)"
              R"("msg":"String should have at least 8 characters","ctx":{"min_length":8}}]})");
}

TEST(fields, a_missing_field_and_a_wrong_type) {
    EXPECT_EQ(refusal<account::credentials>(R"({"username":5})"),
              R"({"detail":[{"type":"string_type","loc":["body","username"],"msg":"Input should be a valid string"},)"
              R"({"type":"missing","loc":["body","password"],"msg":"Field required"}]})");
    EXPECT_NE(refusal(R"({"name":null})").find("string_type"), std::string::npos);
}

TEST(fields, lengths_count_code_points_and_one_character_is_singular) {
    EXPECT_EQ(parse<sample>(R"({"name":"ÄÖÜ😀"})").name, "ÄÖÜ😀");
    EXPECT_EQ(refusal(R"({"name":"ÄÖÜ😀x"})"),
              R"({"detail":[{"type":"string_too_long","loc":["body","name"],)"
              R"("msg":"String should have at most 4 characters","ctx":{"max_length":4}}]})");
    EXPECT_NE(refusal(R"({"name":""})").find("at least 1 character\""), std::string::npos);
}

TEST(fields, a_trailing_newline_breaks_the_pattern) {
    EXPECT_NE(refusal<account::credentials>(R"({"username":"alice\n","password":"12345678"})").find("pattern_mismatch"),
              std::string::npos);
}

TEST(fields, lists_name_every_element_that_is_no_string) {
    EXPECT_EQ(parse<sample>(R"({"name":"a","tags":["x","y"]})").tags, (std::vector<std::string>{"x", "y"}));
    EXPECT_NE(refusal(R"({"name":"a","tags":"x"})").find(R"("type":"list_type","loc":["body","tags"])"),
              std::string::npos);
    EXPECT_EQ(refusal(R"({"name":"a","tags":["x",1,"y",null]})"),
              R"({"detail":[{"type":"string_type","loc":["body","tags",1],"msg":"Input should be a valid string"},)"
              R"({"type":"string_type","loc":["body","tags",3],"msg":"Input should be a valid string"}]})");
}

TEST(fields, the_rules_of_a_list_hold_for_each_element) {
    EXPECT_EQ(parse<crew>(R"({"members":["ab","abcd"]})").members, (std::vector<std::string>{"ab", "abcd"}));
    EXPECT_EQ(refusal<crew>(R"({"members":["a","abcde","Abc"]})"),
              R"({"detail":[{"type":"string_too_short","loc":["body","members",0],)"
              R"("msg":"String should have at least 2 characters","ctx":{"min_length":2}},)"
              R"({"type":"string_too_long","loc":["body","members",1],)"
              R"("msg":"String should have at most 4 characters","ctx":{"max_length":4}},)"
              R"({"type":"string_pattern_mismatch","loc":["body","members",2],)"
              R"("msg":"String should match pattern '^[a-z]*$'","ctx":{"pattern":"^[a-z]*$"}}]})");
}

TEST(fields, a_list_that_is_too_long_says_so_and_nothing_of_its_elements) {
    EXPECT_EQ(parse<crew>(R"({"members":["ab","ab","ab"]})").members.size(), 3U);
    EXPECT_EQ(parse<crew>("{}").members.size(), 0U);
    EXPECT_EQ(refusal<crew>(R"({"members":["ab","ab","ab",1]})"),
              R"({"detail":[{"type":"too_long","loc":["body","members"],)"
              R"("msg":"List should have at most 3 items after validation, not 4",)"
              R"("ctx":{"field_type":"List","max_length":3,"actual_length":4}}]})");
}

TEST(fields, a_path_parameter_is_checked_by_the_same_rules) {
    constexpr rules rule{.min_length = 2, .max_length = 4, .shape = &lower_pattern};
    EXPECT_NO_THROW(check_path_text("abc", "name", rule));
    try {
        check_path_text("ABC", "name", rule);
        FAIL() << "accepted";
    } catch (const api_error& error) {
        EXPECT_EQ(error.status(), 422);
        EXPECT_EQ(error.body(), R"({"detail":[{"type":"string_pattern_mismatch","loc":["path","name"],)"
                                R"("msg":"String should match pattern '^[a-z]*$'","ctx":{"pattern":"^[a-z]*$"}}]})");
    }
    EXPECT_THROW(check_path_text("a", "name", rule), api_error);
}

TEST(fields, defaults_unknown_fields_and_duplicate_keys) {
    const auto value = parse<sample>(R"({"name":"a","name":"b","other":{"deep":[1]}})");
    EXPECT_EQ(value.name, "b");
    EXPECT_EQ(value.note, "none");
}

TEST(fields, nul_is_refused_and_so_are_lone_surrogates_and_broken_utf8) {
    EXPECT_NE(refusal(R"({"name":"a\u0000"})").find("string_type"), std::string::npos);
    EXPECT_NE(refusal(R"({"name":"\ud800"})").find("json_invalid"), std::string::npos);
    EXPECT_NE(refusal("{\"name\":\"\xff\"}").find("json_invalid"), std::string::npos);
}

TEST(fields, a_body_that_is_no_object) {
    EXPECT_EQ(refusal(""), R"({"detail":[{"type":"missing","loc":["body"],"msg":"Field required"}]})");
    EXPECT_EQ(refusal("null"), refusal(""));
    EXPECT_NE(refusal("[]").find("model_attributes_type"), std::string::npos);
    EXPECT_NE(refusal("\"text\"").find("model_attributes_type"), std::string::npos);
}

TEST(fields, broken_json_names_the_offset_and_never_the_text) {
    EXPECT_EQ(refusal(R"({"password":"hunter2",})"),
              R"({"detail":[{"type":"json_invalid","loc":["body",22],"msg":"JSON decode error",)"
              R"("ctx":{"error":"Unexpected character"}}]})");
    EXPECT_NE(refusal(R"({"a":)").find("Unexpected end of input"), std::string::npos);
    EXPECT_NE(refusal(R"({"a":1e999})").find("json_invalid"), std::string::npos);
}

TEST(fields, nesting_is_limited_to_32) {
    const auto nested = [](std::size_t depth) {
        return R"({"name":"a","x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    };
    EXPECT_EQ(refusal(nested(32)), "accepted");
    EXPECT_NE(refusal(nested(33)).find("Nested too deeply"), std::string::npos);
    EXPECT_EQ(refusal(R"({"name":"a","x":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})"), "accepted");
}

TEST(fields, renders_in_the_order_of_the_table_with_everything_escaped) {
    sample value;
    value.name = "a\"\\\n\x01";
    value.note = "é";
    value.tags = {"x", "y"};
    EXPECT_EQ(render(value), R"({"name":"a\"\\\n\u0001","note":"é","tags":["x","y"]})");
}

}  // namespace
}  // namespace veil::core
