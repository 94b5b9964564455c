"""The certificate that a service shows."""

import socket
import ssl

from support import stack


def certificate(port):
    """What a client gets that asks for the domain, whoever signed it, as PEM."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname=stack.DOMAIN) as wire:
            return ssl.DER_cert_to_PEM_cert(wire.getpeercert(binary_form=True))
