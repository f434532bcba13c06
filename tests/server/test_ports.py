"""The table of ports and what is said when one is taken."""

import socket

import pytest

from tradepost.server.ports import (
    FREE_PORTS,
    Address,
    Ports,
    PortTakenError,
    find_free_ports,
    ports_from,
    require_free,
    why_not_free,
)


def test_without_settings_the_usual_ports_are_taken():
    assert ports_from({}) == Ports()
    assert Ports().marketplace.url == "http://127.0.0.1:8000"
    assert Ports().sample.url == "http://127.0.0.2:8010"


def test_a_base_moves_all_parts_together():
    moved = ports_from({}, base=9000)

    assert [address.port for _, address in moved.items()] == [9000, 9001, 9010, 9025, 9026]


def test_the_environment_names_one_port_and_wins_over_the_base():
    assert ports_from({"TRADEPOST_PORT_MAIL": "1234"}, base=9000).mail.port == 1234


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "8000 "])
def test_a_port_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="is no port for the host"):
        ports_from({"TRADEPOST_PORT_HOST": text})


@pytest.mark.parametrize("text", ["8000", "127.0.0.1:", ":80", "127.0.0.1:http", "127.0.0.1:65536"])
def test_an_address_needs_host_and_port(text):
    with pytest.raises(ValueError, match="host:port"):
        Address.parse(text)


def test_a_taken_port_is_named_with_the_part_and_the_options():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(PortTakenError) as caught:
            require_free(ports_from({"TRADEPOST_PORT_MAIL": str(port)}, base=20_500))

    message = str(caught.value)
    assert f"127.0.0.1:{port} for the mail" in message
    assert "it is in use" in message
    assert "TRADEPOST_PORT_MAIL" in message
    assert "--free-ports" in message


def test_free_ports_are_free_different_and_below_those_of_outgoing_connections():
    found = [address for _, address in find_free_ports().items()]

    assert len({address.port for address in found}) == len(found)
    assert all(address.port in FREE_PORTS for address in found)
    assert all(why_not_free(address.host, address.port) is None for address in found)
