#include <veil/server_info/service.hpp>

namespace veil::server_info {

awaitable<http::prepared_json> service::get() { co_return http::prepared_json{text_}; }

}  // namespace veil::server_info
