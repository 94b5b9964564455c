# shellcheck shell=bash
# Asking a UDP service on this machine, with what every Debian has.

# udp_ask ADDRESS PORT: sends standard input as one datagram and prints the first answer; fails when there is none within a second.
udp_ask() {
    (
        exec {socket}<>"/dev/udp/$1/$2" &&
            dd bs=65536 count=1 iflag=fullblock >&"$socket" &&
            timeout 1 dd bs=65536 count=1 <&"$socket" 2>/dev/null
    ) 2>/dev/null
}
