"""What tests stand on: the guard at the border of this machine, and the database of the run."""

import socket

import pytest

from tradepost.testing.pytest_house import OutsideWorldError


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("10.0.0.1", 443), ("2001:db8::1", 80)])
def test_no_test_reaches_beyond_this_machine(address):
    with pytest.raises(OutsideWorldError, match=address[0]):
        socket.create_connection(address, timeout=1)


def test_names_of_the_outside_world_do_not_resolve():
    with pytest.raises(socket.gaierror, match="tests resolve no names"):
        socket.create_connection(("example.com", 80), timeout=1)


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


@pytest.mark.django_db
def test_django_is_connected_to_the_database_of_this_run(database_server):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), inet_server_port()")
        database, port = cursor.fetchone()

    assert database.startswith("test_")
    assert str(port) in database_server
