"""A running local stage, as `chatctl outputs --output json` describes it, and clients for it.

CHATCTL_OUTPUTS names the file with the outputs.
"""

import json
import os
import uuid

import boto3
import pytest
from botocore.config import Config

from chat import Chat


@pytest.fixture(scope="session")
def outputs():
    path = os.environ.get("CHATCTL_OUTPUTS")
    if not path:
        pytest.exit("CHATCTL_OUTPUTS must name a file with `chatctl outputs --output json`", 2)
    with open(path, encoding="utf-8") as file:
        return json.load(file)


@pytest.fixture(scope="session")
def aws(outputs):
    """Makes clients: aws("dynamodb"), aws("s3", secret="wrong"), ..."""

    def make(service, key=None, secret=None, region=None):
        endpoint = outputs["awsEndpointUrl"]
        if service == "apigatewaymanagementapi":
            endpoint = f"{endpoint}/{outputs['stage']}"
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=region or outputs["region"],
            aws_access_key_id=key or outputs["accessKeyId"],
            aws_secret_access_key=secret or outputs["secretAccessKey"],
            config=Config(
                retries={"max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": "path"},
                # One endpoint is one host, for operations too that have another on AWS.
                inject_host_prefix=False,
                read_timeout=30,
            ),
        )

    return make


@pytest.fixture(scope="session")
def prefix(outputs):
    """What the physical names of this stage begin with."""
    return f"{outputs.get('project', 'chatctl')}-{outputs['stage']}-"


@pytest.fixture
def unique():
    """A name that no other test has."""
    return uuid.uuid4().hex[:12]


@pytest.fixture
def chat(outputs):
    """Opens connections that are closed when the test ends: chat("Ana"), chat("Ana", session=...)."""
    opened = []

    def connect(name, session=None, hello=True):
        client = Chat(outputs["webSocketUrl"], name, session)
        opened.append(client)
        if hello:
            client.hello()
        return client

    yield connect
    for client in opened:
        client.close()


@pytest.fixture
def table(aws, unique):
    """A table of its own: partition `id`, sort `at`, an index `byOwner`."""
    dynamodb = aws("dynamodb")
    name = f"test-{unique}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "at", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("id", "at", "owner")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byOwner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    yield name
    dynamodb.delete_table(TableName=name)


@pytest.fixture
def bucket(aws, unique):
    """A bucket of its own, emptied and removed when the test ends."""
    s3 = aws("s3")
    name = f"test-{unique}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture
def error():
    """Runs a call that must fail and returns (code, HTTP status, the whole answer)."""
    from botocore.exceptions import ClientError

    def fails(call, *args, **kwargs):
        with pytest.raises(ClientError) as caught:
            call(*args, **kwargs)
        answer = caught.value.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer

    return fails
