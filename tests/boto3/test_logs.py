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
