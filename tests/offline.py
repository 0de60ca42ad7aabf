"""Keeps a process off the network: every attempt to leave this machine is refused and remembered.

It listens to the interpreter's own audit events, which no Python code can go around.
"""

import ipaddress
import sys
from typing import Any

_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})
_WATCHED = frozenset({
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname",
})  # fmt: skip

attempts: list[str] = []


class NetworkBlocked(ConnectionRefusedError):
    """The tests tried to leave this machine."""


def install() -> None:
    """Refuse every connection and name look-up that is not for this machine, until the process ends."""
    sys.addaudithook(_audit)


def _audit(event: str, details: tuple[Any, ...]) -> None:
    if event not in _WATCHED:
        return
    target = details[0] if event in {"socket.getaddrinfo", "socket.gethostbyname"} else details[1]
    host = target[0] if isinstance(target, tuple) else target
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"} and not isinstance(target, tuple):
        return  # a Unix socket, or a socket that is connected already
    if not _is_local(host):
        attempts.append(f"{event} {host}")
        raise NetworkBlocked(f"the tests may not leave this machine: {event} {host!r}")


def _is_local(host: Any) -> bool:
    if host is None:
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.lower() in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
