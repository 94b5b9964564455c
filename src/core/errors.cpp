#include <veil/core/errors.hpp>
#include <veil/core/json.hpp>

namespace veil::core {

api_error::api_error(int status, std::string_view detail) : status_(status), body_(R"({"detail":)") {
    append_quoted(body_, detail);
    body_ += '}';
}

api_error api_error::with_json(int status, std::string_view detail_json) {
    api_error error;
    error.status_ = status;
    error.body_ = R"({"detail":)";
    error.body_ += detail_json;
    error.body_ += '}';
    return error;
}

api_error&& api_error::header(std::string name, std::string value) && {
    header_ = {std::move(name), std::move(value)};
    return std::move(*this);
}

api_error&& api_error::because(std::string cause) && {
    cause_ = std::move(cause);
    return std::move(*this);
}

}  // namespace veil::core
