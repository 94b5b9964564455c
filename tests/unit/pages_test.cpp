// Pages and their files as the server's binary carries them.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <stdexcept>
#include <veil/core/errors.hpp>
#include <veil/http/pages.hpp>

namespace veil::http {
namespace {

constexpr std::array<embedded_file, 6> files{
    {{"a.html", "<p>"}, {"a.css", "p{}"}, {"a.js", "1"}, {"a.svg", "<svg/>"}, {"a.txt", "text"}, {"a.json", "{}"}}};

std::map<std::string, std::string> headers_of(const response& answer) {
    return {answer.headers.begin(), answer.headers.end()};
}

TEST(pages, a_page_carries_its_policy_and_is_asked_for_again) {
    const auto answer = page(files, "a.html", "default-src 'none'");
    EXPECT_EQ(answer.fixed_body.data(), files[0].text.data()) << "it was copied";
    EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
    const auto headers = headers_of(answer);
    EXPECT_EQ(headers.at("Content-Security-Policy"), "default-src 'none'");
    EXPECT_EQ(headers.at("Cache-Control"), "no-cache");
    EXPECT_EQ(headers.at("Referrer-Policy"), "no-referrer");
}

TEST(pages, a_page_that_was_not_built_in_is_a_bug) { EXPECT_THROW(page(files, "b.html", ""), std::logic_error); }

TEST(pages, a_file_has_the_type_of_its_name_and_may_be_kept) {
    const std::map<std::string, std::string> types{{"a.css", "text/css; charset=utf-8"},
                                                   {"a.js", "text/javascript; charset=utf-8"},
                                                   {"a.svg", "image/svg+xml"},
                                                   {"a.txt", "text/plain; charset=utf-8"}};
    for (const auto& [name, type] : types) {
        const auto answer = page_file(files, name);
        EXPECT_EQ(answer.content_type, type);
        EXPECT_FALSE(answer.fixed_body.empty());
        EXPECT_EQ(headers_of(answer).at("Cache-Control"), "public, max-age=3600");
    }
}

TEST(pages, other_files_are_not_found) {
    for (const auto* name : {"a.html", "a.json", "b.css", "", ".css", "../a.css", "A.css"}) {
        try {
            page_file(files, name);
            FAIL() << name;
        } catch (const core::api_error& error) {
            EXPECT_EQ(error.status(), 404) << name;
        }
    }
}

}  // namespace
}  // namespace veil::http
