"""The @connections API: post, inspect and close, by the ids that the gateway gave."""

import time

import pytest

UNKNOWN = "JC1dgf9yoAMCK-g="


@pytest.fixture
def connected(aws, chat, prefix, unique):
    """A connection and its id, which only the tables know."""
    client = chat(f"c{unique}")
    rows = aws("dynamodb").get_paginator("scan").paginate(TableName=f"{prefix}ChatConnections")
    ids = [
        row["connectionId"]["S"]
        for page in rows
        for row in page["Items"]
        if f"c{unique}" in str(row)
    ]
    assert len(ids) == 1, ids
    return client, ids[0]


def test_a_post_reaches_the_client(aws, connected):
    client, id = connected
    api = aws("apigatewaymanagementapi")
    api.post_to_connection(ConnectionId=id, Data=b'{"action":"test","n":1}')
    assert client.push("test")["n"] == 1


def test_a_connection_is_described(aws, connected):
    _, id = connected
    answer = aws("apigatewaymanagementapi").get_connection(ConnectionId=id)
    assert answer["Identity"]["SourceIp"] == "127.0.0.1"
    assert abs(answer["ConnectedAt"].timestamp() - time.time()) < 60
    assert answer["LastActiveAt"] >= answer["ConnectedAt"]


def test_a_connection_that_is_closed_is_gone(aws, connected, error):
    client, id = connected
    api = aws("apigatewaymanagementapi")
    api.delete_connection(ConnectionId=id)
    assert client.close_code() == 1000
    for call, rest in [
        (api.post_to_connection, {"Data": b"x"}),
        (api.get_connection, {}),
        (api.delete_connection, {}),
    ]:
        assert error(call, ConnectionId=id, **rest)[:2] == ("GoneException", 410)


def test_an_id_of_nobody_is_gone(aws, error):
    api = aws("apigatewaymanagementapi")
    code, status, _ = error(api.post_to_connection, ConnectionId=UNKNOWN, Data=b"x")
    assert (code, status) == ("GoneException", 410)


def test_a_message_over_128_kb_is_refused(aws, connected, error):
    client, id = connected
    api = aws("apigatewaymanagementapi")
    code, status, _ = error(api.post_to_connection, ConnectionId=id, Data=b"x" * (128 * 1024 + 1))
    assert (code, status) == ("PayloadTooLargeException", 413)
    api.post_to_connection(ConnectionId=id, Data=b'"' + b"x" * (128 * 1024 - 2) + b'"')
    assert len(client.receive(10)) == 128 * 1024 - 2
