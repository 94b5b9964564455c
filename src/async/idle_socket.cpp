#include <sys/socket.h>

#include <cerrno>
#include <veil/async/idle_socket.hpp>

namespace veil::async {

bool is_quiet(int socket) noexcept {
    char byte = 0;
    return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace veil::async
