"""Functions, invoked as other programs invoke them."""

import base64
import json
import time

# What API Gateway hands to the function of a route without a connection behind it.
EVENT = {
    "requestContext": {
        "routeKey": "ping",
        "eventType": "MESSAGE",
        "messageId": "m",
        "extendedRequestId": "x",
        "requestTime": "21/Nov/2026:07:00:00 +0000",
        "messageDirection": "IN",
        "stage": "local",
        "connectedAt": 1763700000000,
        "requestTimeEpoch": 1763700000000,
        "identity": {"sourceIp": "127.0.0.1"},
        "requestId": "r",
        "domainName": "127.0.0.1",
        "connectionId": "JC1dgf9yoAMCK-g=",
        "apiId": "local",
    },
    "body": json.dumps({"action": "ping"}),
    "isBase64Encoded": False,
}


def test_a_function_answers_its_event(aws, prefix):
    answer = aws("lambda").invoke(
        FunctionName=f"{prefix}PingHandler", Payload=json.dumps(EVENT), LogType="Tail"
    )
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert json.loads(answer["Payload"].read())["statusCode"] == 200
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "START RequestId" in tail and "REPORT RequestId" in tail


def test_an_event_that_makes_no_sense_is_a_function_error(aws, prefix):
    answer = aws("lambda").invoke(FunctionName=f"{prefix}PingHandler", Payload=b'"nonsense"')
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert "errorMessage" in json.loads(answer["Payload"].read())


def test_an_event_may_be_left_to_the_service(aws, prefix):
    answer = aws("lambda").invoke(
        FunctionName=f"{prefix}PingHandler", InvocationType="Event", Payload=json.dumps(EVENT)
    )
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""


def test_a_dry_run_runs_nothing(aws, prefix):
    answer = aws("lambda").invoke(FunctionName=f"{prefix}PingHandler", InvocationType="DryRun")
    assert answer["StatusCode"] == 204


def test_a_function_that_is_not_there_is_named(aws, prefix, error):
    client = aws("lambda")
    for call in (client.invoke, client.get_function):
        code, status, _ = error(call, FunctionName=f"{prefix}NoSuchHandler")
        assert (code, status) == ("ResourceNotFoundException", 404)


def test_a_payload_that_is_no_json_is_refused(aws, prefix, error):
    code, status, _ = error(
        aws("lambda").invoke, FunctionName=f"{prefix}PingHandler", Payload=b"{"
    )
    assert (code, status) == ("InvalidRequestContentException", 400)


def test_functions_are_listed_with_their_settings(aws, prefix):
    client = aws("lambda")
    names = [
        one["FunctionName"]
        for page in client.get_paginator("list_functions").paginate()
        for one in page["Functions"]
    ]
    assert f"{prefix}SendMessageHandler" in names
    settings = client.get_function_configuration(FunctionName=f"{prefix}SendMessageHandler")
    assert (settings["MemorySize"], settings["Timeout"]) == (256, 20)
    assert settings["Handler"] == "SendMessageHandler"


def test_what_a_function_says_is_found_in_its_log(aws, prefix):
    marker = f"find-{time.time_ns()}"
    event = {**EVENT, "requestContext": {**EVENT["requestContext"], "requestId": marker}}
    answer = aws("lambda").invoke(
        FunctionName=f"{prefix}PingHandler", Payload=json.dumps(event)
    )
    request = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    logs = aws("logs")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = logs.filter_log_events(
            logGroupName=f"/aws/lambda/{prefix}PingHandler", filterPattern=f'"{request}"'
        )["events"]
        if any(event["message"].startswith("REPORT") for event in found):
            return
        time.sleep(0.2)
    raise AssertionError(f"no REPORT of {request}")
