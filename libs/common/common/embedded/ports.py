"""Choosing TCP ports on loopback."""

import random
import socket

# Below the range from which Linux takes ports for outgoing connections, so that none is lost in between.
_RANGE = range(20_000, 32_000)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def port_answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A loopback port that nobody listens on, chosen at random."""
    return next(port for port in random.sample(_RANGE, 200) if port_is_free(port))
