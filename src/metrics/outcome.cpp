#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <veil/core/errors.hpp>
#include <veil/metrics/outcome.hpp>

namespace veil::metrics {

std::string_view outcome_of(const std::exception_ptr& thrown) noexcept {
    if (!thrown) return "ok";
    try {
        std::rethrow_exception(thrown);
    } catch (const core::overloaded&) {
        return "overloaded";
    } catch (const core::timed_out&) {
        return "timed_out";
    } catch (const core::unavailable&) {
        return "unavailable";
    } catch (const core::refused&) {
        return "refused";
    } catch (const boost::system::system_error& error) {
        return error.code() == boost::asio::error::operation_aborted ? "timed_out" : "failed";
    } catch (...) {
        return "failed";
    }
}

}  // namespace veil::metrics
