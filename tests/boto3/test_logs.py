"""CloudWatch Logs, over what the functions of the stage have said."""

import json
import time

import pytest

from test_lambda import EVENT


@pytest.fixture(scope="module")
def group(aws, prefix):
    """The log group of a function that was invoked a few times."""
    client = aws("lambda")
    for _ in range(4):
        client.invoke(FunctionName=f"{prefix}PingHandler", Payload=json.dumps(EVENT))
    name = f"/aws/lambda/{prefix}PingHandler"
    until = time.monotonic() + 10
    while time.monotonic() < until:
        events = aws("logs").filter_log_events(logGroupName=name, filterPattern="REPORT")["events"]
        if len(events) >= 4:
            return name
        time.sleep(0.2)
    raise AssertionError("the functions' lines do not arrive")


def everything(client, **ask):
    """All events of all pages; a page may be empty and have a successor."""
    events, token = [], {}
    while True:
        page = client.filter_log_events(**ask, **token)
        events += page["events"]
        if "nextToken" not in page:
            return events
        token = {"nextToken": page["nextToken"]}


def test_groups_are_listed_with_their_retention(aws, prefix):
    pages = aws("logs").get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"/aws/lambda/{prefix}", PaginationConfig={"PageSize": 3}
    )
    groups = {one["logGroupName"]: one for page in pages for one in page["logGroups"]}
    assert f"/aws/lambda/{prefix}ConnectHandler" in groups
    assert all(one["retentionInDays"] > 0 for one in groups.values())


def test_events_are_filtered_and_paged_without_loss(aws, group):
    client = aws("logs")
    every = everything(client, logGroupName=group)
    paged = everything(client, logGroupName=group, limit=3)
    assert [one["eventId"] for one in paged][: len(every)] == [one["eventId"] for one in every]
    assert len({one["eventId"] for one in every}) == len(every)
    assert [one["timestamp"] for one in every] == sorted(one["timestamp"] for one in every)
    starts = everything(client, logGroupName=group, filterPattern="START")
    assert starts and all("START" in one["message"] for one in starts)
    both = everything(client, logGroupName=group, filterPattern='"REPORT RequestId" -START')
    assert both and all("REPORT RequestId" in one["message"] for one in both)
    assert not everything(client, logGroupName=group, filterPattern='"no such words here"')


def test_a_time_range_bounds_the_events(aws, group):
    client = aws("logs")
    every = everything(client, logGroupName=group)
    first, last = every[0]["timestamp"], every[-1]["timestamp"]
    assert not everything(client, logGroupName=group, endTime=first - 1)
    early = everything(client, logGroupName=group, endTime=first)
    assert early and all(one["timestamp"] == first for one in early)
    late = everything(client, logGroupName=group, startTime=last)
    assert late and all(one["timestamp"] >= last for one in late)


def test_a_stream_is_read_forwards_and_ends_with_the_same_token(aws, group):
    client = aws("logs")
    streams = client.describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True
    )["logStreams"]
    ask = {"logGroupName": group, "logStreamName": streams[0]["logStreamName"]}
    page = client.get_log_events(**ask, startFromHead=True, limit=2)
    messages = [one["message"] for one in page["events"]]
    while True:
        token = page["nextForwardToken"]
        page = client.get_log_events(**ask, nextToken=token, limit=2)
        messages += [one["message"] for one in page["events"]]
        if page["nextForwardToken"] == token:
            break
    assert any(message.startswith("START RequestId") for message in messages)
    assert any(message.startswith("REPORT RequestId") for message in messages)


def test_what_is_not_there_is_a_resource_not_found(aws, group, error):
    client = aws("logs")
    code, status, _ = error(client.filter_log_events, logGroupName="/aws/lambda/none")
    assert (code, status) == ("ResourceNotFoundException", 400)
    code, status, _ = error(client.get_log_events, logGroupName=group, logStreamName="none")
    assert (code, status) == ("ResourceNotFoundException", 400)


@pytest.fixture
def own(aws, unique):
    """A log group of its own with a stream `one`, and a way to put lines there."""
    client, name = aws("logs"), f"/test/{unique}"
    client.create_log_group(logGroupName=name)
    client.create_log_stream(logGroupName=name, logStreamName="one")

    def put(*messages):
        at = int(time.time() * 1000)
        lines = [{"timestamp": at, "message": message} for message in messages]
        client.put_log_events(logGroupName=name, logStreamName="one", logEvents=lines)

    yield name, put
    client.delete_log_group(logGroupName=name)


def arn(name):
    return f"arn:aws:logs:us-east-1:000000000000:log-group:{name}"


def updates(stream, until):
    """The updates of a session up to the one that is waited for."""
    seen = []
    for event in stream:
        seen.append(event["sessionUpdate"])
        if until(seen):
            return seen
    raise AssertionError("the session ended")


def results(seen):
    return [one for update in seen for one in update["sessionResults"]]


def test_live_tail_tells_what_comes(aws, own):
    name, put = own
    put("wanted before")
    answer = aws("logs").start_live_tail(
        logGroupIdentifiers=[arn(name)], logEventFilterPattern="wanted"
    )
    stream = iter(answer["responseStream"])
    start = next(stream)["sessionStart"]
    assert (start["logGroupIdentifiers"], start["logEventFilterPattern"]) == ([arn(name)], "wanted")
    assert start["sessionId"] and start["requestId"]
    put("wanted 1", "noise", "wanted 2")
    seen = updates(stream, lambda seen: len(results(seen)) >= 2)
    assert [one["message"] for one in results(seen)] == ["wanted 1", "wanted 2"]
    assert all(one["logStreamName"] == "one" for one in results(seen))
    assert all(one["logGroupIdentifier"].endswith(f":{name}") for one in results(seen))
    assert all(one["ingestionTime"] >= one["timestamp"] > 0 for one in results(seen))
    began = time.monotonic()
    empty = updates(stream, lambda seen: len(seen) == 3)
    assert not results(empty) and not any(one["sessionMetadata"]["sampled"] for one in empty)
    assert 1.5 < time.monotonic() - began < 10, "an update comes every second"
    answer["responseStream"].close()


def test_live_tail_leaves_out_what_is_too_much_and_says_so(aws, own):
    name, put = own
    answer = aws("logs").start_live_tail(
        logGroupIdentifiers=[arn(name)], logStreamNamePrefixes=["o"]
    )
    stream = iter(answer["responseStream"])
    next(stream)
    put(*(str(number) for number in range(700)))
    seen = updates(stream, lambda seen: results(seen))
    assert (len(results(seen)), seen[-1]["sessionMetadata"]) == (500, {"sampled": True})
    put("after")
    seen = updates(stream, lambda seen: results(seen))
    assert [one["message"] for one in results(seen)] == ["after"]
    assert seen[-1]["sessionMetadata"] == {"sampled": False}
    answer["responseStream"].close()


def test_live_tail_refuses_by_name(aws, own, error):
    name, _ = own
    client = aws("logs")
    for ask, expected in [
        ({"logGroupIdentifiers": [arn(name)] * 11}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [name]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [f"{arn(name)}:*"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [arn(f"{name}/none")]}, "ResourceNotFoundException"),
        (
            {"logGroupIdentifiers": [arn(name)], "logEventFilterPattern": "{ $.a"},
            "InvalidParameterException",
        ),
    ]:
        code, status, _ = error(client.start_live_tail, **ask)
        assert (code, status) == (expected, 400), ask
    code, status, _ = error(
        aws("logs", secret="wrong").start_live_tail, logGroupIdentifiers=[arn(name)]
    )
    assert (code, status) == ("InvalidSignatureException", 400)


def test_live_tail_has_room_for_fifteen_sessions(aws, own, error):
    name, _ = own
    ask, opened = {"logGroupIdentifiers": [arn(name)]}, []
    try:
        for _ in range(15):
            opened.append(aws("logs").start_live_tail(**ask)["responseStream"])
        code, status, _ = error(aws("logs").start_live_tail, **ask)
        assert (code, status) == ("LimitExceededException", 400)
    finally:
        for stream in opened:
            stream.close()
    until = time.monotonic() + 10
    while True:
        try:
            aws("logs").start_live_tail(**ask)["responseStream"].close()
            return
        except aws("logs").exceptions.LimitExceededException:
            assert time.monotonic() < until, "who leaves makes room"
            time.sleep(0.2)
