import socket

import httpx
import offline
import pytest
from scripted_model import refusing_url


def send_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("192.0.2.1", 53))


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda: socket.create_connection(("192.0.2.1", 80), timeout=1), id="an address"),
        pytest.param(lambda: socket.create_connection(("2001:db8::1", 80), timeout=1), id="an IPv6 address"),
        pytest.param(lambda: socket.getaddrinfo("example.org", 443), id="a name"),
        pytest.param(lambda: socket.gethostbyname("example.org"), id="a name, the old way"),
        pytest.param(lambda: httpx.get("http://192.0.2.1/"), id="a request"),
        pytest.param(send_datagram, id="a datagram"),
    ],
)
def test_leaving_this_machine_is_refused_and_remembered(leave, no_network) -> None:
    with pytest.raises((offline.NetworkBlocked, httpx.ConnectError)):
        leave()
    with pytest.raises(AssertionError, match="the network was tried"):
        no_network()


def test_loopback_is_open(no_network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    with refusing_url() as url, pytest.raises(httpx.ConnectError, match="refused"):
        httpx.get(url)
    no_network()
