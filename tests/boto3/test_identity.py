"""Who is calling, and what each service says to wrong keys."""

import urllib.error
import urllib.request

import pytest

MISMATCH = "InvalidSignatureException"
UNKNOWN = "UnrecognizedClientException"

# A call of each service, and its names for a wrong secret and for an unknown key.
CALLS = {
    "dynamodb": (lambda c: c.list_tables(), MISMATCH, UNKNOWN),
    "ssm": (lambda c: c.describe_parameters(), MISMATCH, UNKNOWN),
    "logs": (lambda c: c.describe_log_groups(), MISMATCH, UNKNOWN),
    "lambda": (lambda c: c.list_functions(), MISMATCH, UNKNOWN),
    "kinesisvideo": (lambda c: c.list_signaling_channels(), MISMATCH, UNKNOWN),
    "sts": (lambda c: c.get_caller_identity(), "SignatureDoesNotMatch", "InvalidClientTokenId"),
    "s3": (lambda c: c.list_buckets(), "SignatureDoesNotMatch", "InvalidAccessKeyId"),
    "apigatewaymanagementapi": (
        lambda c: c.post_to_connection(ConnectionId="JC1dgf9yoAMCK-g=", Data=b"x"),
        MISMATCH,
        UNKNOWN,
    ),
}


def test_the_operator_learns_who_it_is(aws):
    identity = aws("sts").get_caller_identity()
    assert identity["Account"] == "000000000000"
    assert identity["Arn"] == "arn:aws:iam::000000000000:user/operator"
    assert identity["UserId"]


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_has_the_services_own_name(aws, error, service):
    call, mismatch, _ = CALLS[service]
    code, status, answer = error(call, aws(service, secret="wrong" * 8))
    assert code == mismatch
    assert status in (400, 403)
    assert "signature" in answer["Error"]["Message"].lower()


@pytest.mark.parametrize("service", CALLS)
def test_an_unknown_key_has_the_services_own_name(aws, error, service):
    call, _, unknown = CALLS[service]
    code, status, _ = error(call, aws(service, key="AKIAAAAAAAAAAAAAAAAA"))
    assert code == unknown
    assert status in (400, 403)


def test_another_region_is_refused(aws, error):
    code, _, _ = error(aws("dynamodb", region="eu-north-1").list_tables)
    assert code == MISMATCH


@pytest.mark.parametrize("target", ["DynamoDB_20120810.ListTables", "AmazonSSM.DescribeParameters"])
def test_nobody_comes_in_without_a_signature(outputs, target):
    request = urllib.request.Request(
        outputs["awsEndpointUrl"], b"{}", {"x-amz-target": target}, method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert 400 <= refused.value.code < 500
