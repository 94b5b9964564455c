// LISTEN/NOTIFY on a connection and a thread of its own. After every (re)connect the owner is told first, so that it
// can reload what it may have missed. Owned by the application.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <mutex>
#include <pqxx/connection>
#include <string>
#include <thread>
#include <veil/core/secret.hpp>

namespace veil::db {

class listener {
 public:
    struct events {
        std::function<void()> connected;                   // LISTEN is in force from now on
        std::function<void(const std::string&)> notified;  // a payload
        std::function<void()> lost;                        // notifications are missed until the next connected
    };

    // The events are called on `executor`, in order.
    listener(boost::asio::any_io_executor executor, core::secret dsn, std::string channel, events on);
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener();

    // The next connection is made with another DSN; the present one stays.
    void adopt_dsn(core::secret dsn);

    // Ends the thread, whatever the database does; no event is posted after it. Blocks for as long as a connection
    // attempt takes (3 s at most).
    void stop();

 private:
    void work();
    void listen_once();
    core::secret dsn();
    void remember(int socket);
    bool wait_for_input(pqxx::connection& connection);

    boost::asio::any_io_executor executor_;
    std::mutex mutex_;  // guards dsn_ and socket_
    core::secret dsn_;
    int socket_ = -1;  // of the connection; shutting it down ends what the thread waits for
    std::string channel_;
    events on_;
    int wake_read_ = -1, wake_write_ = -1;  // a pipe: closing its write end ends every wait
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace veil::db
