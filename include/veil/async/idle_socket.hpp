// Whether a kept connection may still be used. Any thread.
#pragma once

namespace veil::async {

// False when the peer has closed the connection, or has said something on it although nothing was asked. Does not block
// and takes nothing from the socket.
bool is_quiet(int socket) noexcept;

}  // namespace veil::async
