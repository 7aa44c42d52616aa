"""Signaling channels: the control plane, as botocore models it."""

import pytest

MISSING = "arn:aws:kinesisvideo:us-east-1:000000000000:channel/none/1"


@pytest.fixture
def video(aws):
    return aws("kinesisvideo")


@pytest.fixture
def channel(video, unique):
    """A channel's ARN; it goes when the test ends."""
    made = video.create_signaling_channel(
        ChannelName=f"test-{unique}",
        ChannelType="SINGLE_MASTER",
        Tags=[{"Key": "chatctl:stage", "Value": "test"}],
    )
    yield made["ChannelARN"]
    try:
        video.delete_signaling_channel(ChannelARN=made["ChannelARN"])
    except video.exceptions.ResourceNotFoundException:
        pass


def test_a_channel_is_described(video, channel, unique):
    info = video.describe_signaling_channel(ChannelName=f"test-{unique}")["ChannelInfo"]
    assert info["ChannelARN"] == channel
    assert info["ChannelStatus"] == "ACTIVE"
    assert info["ChannelType"] == "SINGLE_MASTER"
    assert info["CreationTime"].year > 2000
    assert info["SingleMasterConfiguration"] == {"MessageTtlSeconds": 60}
    assert video.describe_signaling_channel(ChannelARN=channel)["ChannelInfo"] == info


def test_a_channel_is_updated_by_its_version(video, channel):
    version = video.describe_signaling_channel(ChannelARN=channel)["ChannelInfo"]["Version"]
    change = {
        "ChannelARN": channel,
        "SingleMasterConfiguration": {"MessageTtlSeconds": 30},
    }
    video.update_signaling_channel(CurrentVersion=version, **change)
    info = video.describe_signaling_channel(ChannelARN=channel)["ChannelInfo"]
    assert info["SingleMasterConfiguration"]["MessageTtlSeconds"] == 30
    with pytest.raises(video.exceptions.VersionMismatchException):
        video.update_signaling_channel(CurrentVersion=version, **change)
    with pytest.raises(video.exceptions.VersionMismatchException):
        video.delete_signaling_channel(ChannelARN=channel, CurrentVersion=version)


def test_channels_are_listed_in_pages(video, unique):
    names = [f"list-{unique}-{n}" for n in range(5)]
    arns = [video.create_signaling_channel(ChannelName=name)["ChannelARN"] for name in names]
    pages = video.get_paginator("list_signaling_channels").paginate(
        ChannelNameCondition={
            "ComparisonOperator": "BEGINS_WITH",
            "ComparisonValue": f"list-{unique}-",
        },
        PaginationConfig={"PageSize": 2},
    )
    found = [info["ChannelName"] for page in pages for info in page["ChannelInfoList"]]
    assert found == names
    for arn in arns:
        video.delete_signaling_channel(ChannelARN=arn)


def test_tags_come_and_go(video, channel):
    video.tag_resource(ResourceARN=channel, Tags=[{"Key": "a", "Value": "1"}])
    tags = video.list_tags_for_resource(ResourceARN=channel)["Tags"]
    assert tags == {"a": "1", "chatctl:stage": "test"}
    video.untag_resource(ResourceARN=channel, TagKeyList=["a"])
    assert video.list_tags_for_resource(ResourceARN=channel)["Tags"] == {"chatctl:stage": "test"}
    with pytest.raises(video.exceptions.TagsPerResourceExceededLimitException):
        video.tag_resource(
            ResourceARN=channel, Tags=[{"Key": str(n), "Value": ""} for n in range(50)]
        )


def test_a_channel_has_endpoints(video, channel):
    endpoints = video.get_signaling_channel_endpoint(
        ChannelARN=channel,
        SingleMasterChannelEndpointConfiguration={
            "Protocols": ["WSS", "HTTPS"],
            "Role": "VIEWER",
        },
    )["ResourceEndpointList"]
    found = {one["Protocol"]: one["ResourceEndpoint"] for one in endpoints}
    assert set(found) == {"WSS", "HTTPS"}
    assert found["HTTPS"].startswith("http")
    assert found["WSS"].startswith("ws")


def test_ice_servers_come_with_credentials_for_five_minutes(aws, video, channel, error):
    signaling = aws("kinesis-video-signaling")
    asked = {"ChannelARN": channel, "ClientId": "someone", "Service": "TURN"}
    (first,) = signaling.get_ice_server_config(**asked)["IceServerList"]
    (second,) = signaling.get_ice_server_config(**asked)["IceServerList"]
    assert first["Ttl"] == 300
    assert first["Uris"][0].startswith("turn:127.0.0.1:")
    assert first["Uris"] == second["Uris"]
    assert first["Username"] and first["Password"]
    with pytest.raises(signaling.exceptions.ResourceNotFoundException):
        signaling.get_ice_server_config(ChannelARN=MISSING)
    with pytest.raises(signaling.exceptions.InvalidArgumentException):
        signaling.get_ice_server_config(ChannelARN=channel, ClientId="not a word")
    code, _, _ = error(lambda: [signaling.get_ice_server_config(**asked) for _ in range(50)])
    assert code == "ClientLimitExceededException"


def test_refusals_have_botocores_names(video, channel, unique):
    known = video.exceptions
    with pytest.raises(known.ResourceInUseException):
        video.create_signaling_channel(ChannelName=f"test-{unique}")
    with pytest.raises(known.InvalidArgumentException):
        video.create_signaling_channel(ChannelName="not a name")
    with pytest.raises(known.InvalidArgumentException):
        video.create_signaling_channel(ChannelName="mesh", ChannelType="FULL_MESH")
    for call in (
        video.describe_signaling_channel,
        video.delete_signaling_channel,
        video.get_signaling_channel_endpoint,
    ):
        with pytest.raises(known.ResourceNotFoundException):
            call(ChannelARN=MISSING)
    with pytest.raises(known.ResourceNotFoundException):
        video.list_tags_for_resource(ResourceARN=MISSING)


def test_one_channel_is_described_five_times_a_second(video, channel):
    with pytest.raises(video.exceptions.ClientLimitExceededException):
        for _ in range(50):
            video.describe_signaling_channel(ChannelARN=channel)


def test_nobody_comes_in_without_a_signature(outputs):
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        f"{outputs['awsEndpointUrl']}/listSignalingChannels", b"{}", method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403


def test_the_voice_role_is_lent_to_functions_alone(aws, prefix, error):
    sts = aws("sts")
    role = f"arn:aws:iam::000000000000:role/{prefix}VoiceAccess"
    code, status, _ = error(sts.assume_role, RoleArn=role, RoleSessionName="operator")
    assert (code, status) == ("AccessDenied", 403)
    code, _, _ = error(sts.assume_role, RoleArn=role, RoleSessionName="x" * 2, DurationSeconds=900)
    assert code == "AccessDenied"
    with pytest.raises(sts.exceptions.MalformedPolicyDocumentException):
        sts.assume_role(RoleArn=role, RoleSessionName="operator", Policy="{")
