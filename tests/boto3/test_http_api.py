"""The HTTP API, by plain HTTP."""

import json
import urllib.error
import urllib.request

import pytest


@pytest.fixture
def ask(outputs):
    """Asks a path of the HTTP API: ask("GET", "/healthz") is (status, headers, body)."""

    def answer(method, path, body=None, headers=None):
        url = outputs["httpApiUrl"] + path
        request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.headers, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    return answer


def test_the_stage_says_that_it_works(ask, outputs):
    status, headers, body = ask("GET", "/healthz")
    health = json.loads(body)
    assert (status, health["status"], health["stage"]) == (200, "ok", outputs["stage"])
    assert sorted(health) == ["stage", "status", "version"]
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_method_without_a_route_is_not_found(ask, method):
    status, _, body = ask(method, "/healthz")
    assert (status, json.loads(body)) == (404, {"message": "Not Found"})


def test_a_head_request_has_no_route_and_no_body(ask):
    status, _, body = ask("HEAD", "/healthz")
    assert (status, body) == (404, b"")


def test_no_other_origin_is_let_in(ask):
    status, headers, _ = ask("GET", "/healthz", headers={"Origin": "https://elsewhere.example"})
    assert status == 200
    assert "Access-Control-Allow-Origin" not in headers


def test_a_path_without_a_route_is_the_sites(ask):
    status, headers, _ = ask("GET", "/healthz/more")
    assert (status, headers["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_the_function_takes_the_event_of_format_2(aws, prefix):
    event = {
        "version": "2.0",
        "routeKey": "GET /healthz",
        "rawPath": "/healthz",
        "rawQueryString": "",
        "headers": {"host": "example.org"},
        "requestContext": {"http": {"method": "GET", "path": "/healthz"}, "stage": "$default"},
        "isBase64Encoded": False,
    }
    answer = aws("lambda").invoke(
        FunctionName=f"{prefix}HealthHandler", Payload=json.dumps(event)
    )
    assert "FunctionError" not in answer
    returned = json.loads(answer["Payload"].read())
    assert returned["statusCode"] == 200
    assert json.loads(returned["body"])["status"] == "ok"
