// Whether the process lives and whether it can work (contract, section 8). I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <veil/core/fields.hpp>
#include <veil/db/pool.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/http/router.hpp>

namespace veil::health {

using boost::asio::awaitable;

struct alive {
    std::string status;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("status", &alive::status, {.example = "ok"}),
        };
    }
};

struct checks {
    std::string database;  // "ok" or "unavailable"
    std::string ejabberd;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("database", &checks::database, {.about = "`ok` or `unavailable`.", .example = "ok"}),
            field("ejabberd", &checks::ejabberd, {.about = "`ok` or `unavailable`.", .example = "ok"}),
        };
    }
};

struct readiness {
    std::string status;
    veil::health::checks checks;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("status", &readiness::status,
                  {.about = "`ok` when all checks are, `stopping` before the server ends.", .example = "ok"}),
            field("checks", &readiness::checks),
        };
    }
};

class service {
 public:
    service(db::pool& database, ejabberd::client& xmpp) : database_(database), xmpp_(xmpp) {}

    void add_routes(http::router& routes);

    // From now on /readyz says 503: the server is about to stop, and balancers shall send nothing more.
    void drain() { draining_ = true; }

    awaitable<alive> live();
    awaitable<http::with_status<readiness, 200, 503>> ready();

 private:
    db::pool& database_;
    ejabberd::client& xmpp_;
    bool draining_ = false;
};

}  // namespace veil::health
