#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>
#include <veil/db/listener.hpp>
#include <veil/log/log.hpp>

namespace veil::db {
namespace {

constexpr int probe_milliseconds = 5'000;      // how often a silent connection is asked whether it still lives
constexpr int reconnect_milliseconds = 1'000;  // pause after a lost connection

class receiver final : public pqxx::notification_receiver {
 public:
    receiver(pqxx::connection& connection, const std::string& channel, std::function<void(std::string)> take)
        : notification_receiver(connection, channel), take_(std::move(take)) {}
    void operator()(const std::string& payload, int) override { take_(payload); }

 private:
    std::function<void(std::string)> take_;
};

}  // namespace

listener::listener(boost::asio::any_io_executor executor, core::secret dsn, std::string channel, events on)
    : executor_(std::move(executor)), dsn_(std::move(dsn)), channel_(std::move(channel)), on_(std::move(on)) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
    wake_read_ = ends[0];
    wake_write_ = ends[1];
    thread_ = std::thread([this] { work(); });
}

listener::~listener() {
    stop();
    ::close(wake_read_);
}

void listener::stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    ::close(wake_write_);
    {
        const std::lock_guard lock(mutex_);
        if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);  // a frozen server would never answer
    }
    thread_.join();
}

void listener::remember(int socket) {
    const std::lock_guard lock(mutex_);
    socket_ = socket;
}

void listener::adopt_dsn(core::secret wanted) {
    const std::lock_guard lock(mutex_);
    dsn_ = std::move(wanted);
}

core::secret listener::dsn() {
    const std::lock_guard lock(mutex_);
    return dsn_;
}

void listener::work() {
    while (!stopping_) {
        try {
            listen_once();
        } catch (const std::exception& error) {
            if (!stopping_) log::warn("revocation listener: {}", error.what());
        }
        boost::asio::post(executor_, [lost = on_.lost] { lost(); });
        pollfd wake{wake_read_, POLLIN, 0};
        ::poll(&wake, 1, reconnect_milliseconds);
    }
}

// One connection's life. Returns when stop() was called, throws when the connection is lost.
void listener::listen_once() {
    pqxx::connection connection(dsn().reveal());
    remember(connection.sock());
    const auto forget =
        std::unique_ptr<listener, void (*)(listener*)>(this, [](listener* each) { each->remember(-1); });
    const receiver take(connection, channel_, [this](std::string payload) {
        boost::asio::post(executor_, [notified = on_.notified, payload = std::move(payload)] { notified(payload); });
    });
    boost::asio::post(executor_, [connected = on_.connected] { connected(); });
    try {
        while (wait_for_input(connection)) connection.get_notifs();
    } catch (...) {
        remember(-1);
        connection.disconnect();  // or the receiver would send UNLISTEN over the dead connection
        throw;
    }
}

// False: stop() was called. A connection that stays silent is asked whether it still lives.
bool listener::wait_for_input(pqxx::connection& connection) {
    pollfd waits[] = {{connection.sock(), POLLIN, 0}, {wake_read_, POLLIN, 0}};
    const int ready = ::poll(waits, 2, probe_milliseconds);
    if (ready == 0) pqxx::nontransaction(connection).exec("SELECT 1");
    return !stopping_;
}

}  // namespace veil::db
