// Any text as a request body: it becomes a DTO that keeps its rules, or an api_error 422.
#include <cstdint>
#include <cstdlib>
#include <veil/account/service.hpp>
#include <veil/core/errors.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const auto got = veil::core::parse<veil::account::credentials>({reinterpret_cast<const char*>(data), size});
        if (!veil::account::is_username(got.username) || got.username.size() > 32) std::abort();
        const auto text = veil::core::render(got);
        if (veil::core::parse<veil::account::credentials>(text).username != got.username) std::abort();
    } catch (const veil::core::api_error& error) {
        if (error.status() != 422) std::abort();
        if (!nlohmann::json::accept(error.body())) std::abort();
    }
    return 0;
}
