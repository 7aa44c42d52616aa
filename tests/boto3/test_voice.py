"""Voice on the wire: who takes part, the relay between them, and whom it refuses."""

import json

import boto3
import pytest
import websocket
from botocore.config import Config
from botocore.exceptions import ClientError

SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
CANDIDATE = {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}


@pytest.fixture
def names(unique):
    """Names of people that no other test has."""
    return lambda name: f"{name}_{unique}"[:20]


@pytest.fixture
def crowd(chat, names):
    """A room with so many people: crowd(3) gives its id and them, the admin first."""

    def gather(count):
        people = [chat(names(f"P{number}")) for number in range(count)]
        room_id = people[0].ask("createRoom", roomName="Voice")["roomId"]
        for person in people[1:]:
            assert person.ask("joinRoom", subAction="request", roomId=room_id)["status"] == "pending"
            approved = people[0].ask(
                "joinRoom", subAction="approve", roomId=room_id, targetUserId=person.name
            )
            assert approved["status"] == "approved"
            person.push("joinResponse", status="approved")
        return room_id, people

    return gather


def ask(person, room_id, kind, **fields):
    return person.ask("voiceSignal", roomId=room_id, type=f"voice:{kind}", **fields)


def tell(person, room_id, kind, **fields):
    person.send("voiceSignal", roomId=room_id, type=f"voice:{kind}", **fields)


def heard(person, kind, **fields):
    return person.push("voiceSignal", type=f"voice:{kind}", **fields)


def voice(person, room_id):
    return person.ask("getMembers", roomId=room_id)["voice"]


def test_who_joins_learns_who_is_there_and_the_room_learns_who_joins(crowd):
    room_id, (ana, ben, eve) = crowd(3)
    joined = ask(ana, room_id, "join")
    assert (joined["type"], joined["participants"]) == ("voice:existing_participants", [])
    assert joined["topology"] == "mesh" and isinstance(joined["iceServers"], list)
    for person in (ben, eve):
        assert heard(person, "peer_joined") == {
            "action": "voiceSignal",
            "type": "voice:peer_joined",
            "roomId": room_id,
            "from": ana.name,
            "muted": False,
        }
    joined = ask(ben, room_id, "join")
    assert joined["participants"] == [{"userId": ana.name, "muted": False}]
    assert heard(ana, "peer_joined")["from"] == ben.name
    shown = voice(eve, room_id)
    assert (shown["enabled"], shown["transport"]) == (True, "mesh")
    assert [one["userId"] for one in shown["participants"]] == [ana.name, ben.name]


def test_descriptions_and_candidates_reach_their_addressee_as_they_came(crowd):
    room_id, (ana, ben, eve) = crowd(3)
    for person in (ana, ben, eve):
        ask(person, room_id, "join")
    eve.drain(0.2)
    for sdp in (SDP, {"type": "offer", "sdp": SDP}):
        tell(ana, room_id, "offer", to=ben.name, sdp=sdp)
        assert heard(ben, "offer") == {
            "action": "voiceSignal",
            "type": "voice:offer",
            "roomId": room_id,
            "from": ana.name,
            "sdp": sdp,
        }
    tell(ben, room_id, "answer", to=ana.name, sdp={"type": "answer", "sdp": SDP})
    assert heard(ana, "answer")["from"] == ben.name
    for candidate in (CANDIDATE, "candidate:1", None):
        tell(ana, room_id, "ice_candidate", to=ben.name, candidate=candidate)
        assert heard(ben, "ice_candidate")["candidate"] == candidate
    assert eve.drain() == []


def test_a_microphone_goes_off_and_on(crowd):
    room_id, (ana, ben) = crowd(2)
    ask(ana, room_id, "join")
    muted = ask(ana, room_id, "mute", muted=True)
    assert (muted["type"], muted["from"], muted["muted"]) == ("voice:mute", ana.name, True)
    assert heard(ben, "mute", muted=True)["from"] == ana.name
    assert voice(ben, room_id)["participants"] == [{"userId": ana.name, "muted": True}]
    assert ask(ben, room_id, "join")["participants"][0]["muted"] is True
    ask(ana, room_id, "mute", muted=False)
    assert heard(ben, "mute", muted=False)["from"] == ana.name


def test_an_admin_turns_a_microphone_off_and_nobody_turns_anothers_on(crowd):
    room_id, (ana, ben, eve) = crowd(3)
    ask(ben, room_id, "join")
    assert ask(eve, room_id, "mute", to=ben.name, muted=True)["code"] == "forbidden"
    assert ask(ana, room_id, "mute", to=eve.name, muted=True)["code"] == "notFound"
    told = ask(ana, room_id, "mute", to=ben.name, muted=True)
    assert (told["from"], told["to"], told["muted"]) == (ana.name, ben.name, True)
    assert heard(ben, "mute")["to"] == ben.name and heard(eve, "mute")["to"] == ben.name
    assert ask(ana, room_id, "mute", to=ben.name, muted=False)["code"] == "forbidden"
    assert voice(ana, room_id)["participants"] == [{"userId": ben.name, "muted": True}]


def test_a_second_join_on_a_connection_is_a_refresh_that_nobody_hears_of(crowd):
    room_id, (ana, ben) = crowd(2)
    ask(ana, room_id, "join")
    ask(ana, room_id, "mute", muted=True)
    ben.drain(0.3)
    assert ask(ana, room_id, "join")["type"] == "voice:existing_participants"
    assert ben.drain() == []
    assert voice(ben, room_id)["participants"] == [{"userId": ana.name, "muted": True}]


def test_joining_on_another_connection_ends_the_first_one(crowd, chat):
    room_id, (ana, ben) = crowd(2)
    for person in (ana, ben):
        ask(person, room_id, "join")
    second = chat(ana.name, session=ana.token)
    ben.drain(0.3)
    ask(second, room_id, "join")
    assert heard(ana, "peer_left", reason="replaced")["from"] == ana.name
    events = [one["type"] for one in ben.drain() if one["action"] == "voiceSignal"]
    assert events == ["voice:peer_left", "voice:peer_joined"]
    assert ask(ana, room_id, "mute", muted=True)["code"] == "forbidden"
    assert len(voice(ben, room_id)["participants"]) == 2


@pytest.mark.parametrize("way", ["leave", "close", "leaveRoom"])
def test_everybody_learns_who_left_and_why(crowd, way):
    room_id, (ana, ben, eve) = crowd(3)
    for person in (ana, ben):
        ask(person, room_id, "join")
    if way == "leave":
        left = ask(ben, room_id, "leave")
        assert (left["type"], left["from"]) == ("voice:peer_left", ben.name)
        assert ask(ben, room_id, "leave")["type"] == "voice:peer_left", "leaving twice is no error"
    elif way == "close":
        ben.close()
    else:
        ben.ask("leaveRoom", roomId=room_id)
        assert heard(ben, "peer_left", reason="removed")["from"] == ben.name
    reason = {"leave": "left", "close": "disconnected", "leaveRoom": "removed"}[way]
    for person in (ana, eve):
        assert heard(person, "peer_left", **{"from": ben.name})["reason"] == reason
    assert [one["userId"] for one in voice(eve, room_id)["participants"]] == [ana.name]
    assert ask(ana, room_id, "offer", to=ben.name, sdp=SDP)["code"] == "notFound"


def test_an_admin_switches_voice_off_and_on(crowd):
    room_id, (ana, ben) = crowd(2)
    ask(ben, room_id, "join")
    assert ask(ben, room_id, "disable")["code"] == "forbidden"
    off = ask(ana, room_id, "disable")
    assert (off["type"], off["from"]) == ("voice:disable", ana.name)
    assert heard(ben, "disable")["from"] == ana.name
    assert voice(ben, room_id) == {"enabled": False, "transport": "mesh", "participants": []}
    refused = ask(ben, room_id, "join")
    assert refused["code"] == "forbidden" and "switched voice off" in refused["message"]
    assert ask(ben, room_id, "enable")["code"] == "forbidden"
    ask(ana, room_id, "enable")
    heard(ben, "enable")
    assert ask(ben, room_id, "join")["type"] == "voice:existing_participants"


# What is refused.


def test_an_outsider_and_a_pending_member_get_nowhere(crowd, chat, names):
    room_id, (ana,) = crowd(1)
    ask(ana, room_id, "join")
    eve = chat(names("Eve"))
    for standing in ("outsider", "pending"):
        for kind, fields in [
            ("join", {}),
            ("offer", {"to": ana.name, "sdp": SDP}),
            ("ice_candidate", {"to": ana.name, "candidate": CANDIDATE}),
            ("mute", {"muted": True}),
            ("mute", {"muted": True, "to": ana.name}),
            ("disable", {}),
            ("enable", {}),
        ]:
            refused = ask(eve, room_id, kind, **fields)
            assert refused.get("code") == "forbidden", (standing, kind, refused)
        eve.ask("joinRoom", subAction="request", roomId=room_id)
    assert [one for one in ana.drain() if one["action"] == "voiceSignal"] == []


def test_an_ex_member_is_out_of_voice(crowd):
    room_id, (ana, ben) = crowd(2)
    for person in (ana, ben):
        ask(person, room_id, "join")
    ben.ask("leaveRoom", roomId=room_id)
    for kind, fields in [("join", {}), ("offer", {"to": ana.name, "sdp": SDP})]:
        assert ask(ben, room_id, kind, **fields)["code"] == "forbidden"


def test_nothing_is_relayed_to_somebody_outside_the_call(crowd):
    room_id, (ana, ben) = crowd(2)
    ask(ana, room_id, "join")
    assert ask(ana, room_id, "offer", to=ben.name, sdp=SDP)["code"] == "notFound"
    assert ask(ana, room_id, "offer", to=ana.name, sdp=SDP)["code"] == "notFound"
    assert ask(ben, room_id, "offer", to=ana.name, sdp=SDP)["code"] == "forbidden"
    assert ask(ana, room_id, "offer", sdp=SDP)["code"] == "badRequest"


def test_a_sender_cannot_be_forged(crowd):
    room_id, (ana, ben, eve) = crowd(3)
    for person in (ana, ben):
        ask(person, room_id, "join")
    forged = ask(ana, room_id, "offer", to=ben.name, sdp=SDP, **{"from": eve.name})
    assert forged["code"] == "badRequest" and "from" in forged["message"]
    for kind in ("peer_left", "peer_joined", "existing_participants"):
        assert ask(ana, room_id, kind)["code"] == "badRequest"


def test_the_sixth_join_in_a_minute_is_refused(crowd):
    room_id, (ana,) = crowd(1)
    for _ in range(5):
        assert ask(ana, room_id, "join")["type"] == "voice:existing_participants"
    refused = ask(ana, room_id, "join")
    assert refused["code"] == "rateLimited" and 0 < refused["retryAfterMs"] <= 60_000


def test_the_seventh_person_is_told_that_voice_is_full(crowd):
    room_id, people = crowd(7)
    for person in people[:6]:
        assert ask(person, room_id, "join")["type"] == "voice:existing_participants"
    refused = ask(people[6], room_id, "join")
    assert refused["code"] == "conflict" and "6 people" in refused["message"]
    ask(people[0], room_id, "leave")
    assert len(ask(people[6], room_id, "join")["participants"]) == 5


def test_a_long_description_and_a_long_candidate_are_too_large(crowd):
    room_id, (ana, ben) = crowd(2)
    for person in (ana, ben):
        ask(person, room_id, "join")
    refused = ask(ana, room_id, "offer", to=ben.name, sdp="v" * (16 * 1024 + 1))
    assert refused["code"] == "tooLarge"
    candidate = {"candidate": "c" * 2048}
    assert ask(ana, room_id, "ice_candidate", to=ben.name, candidate=candidate)["code"] == "tooLarge"
    assert heard_nothing(ben)


def test_a_description_of_100_kb_is_too_large_however_it_is_framed(crowd):
    room_id, (ana, ben) = crowd(2)
    for person in (ana, ben):
        ask(person, room_id, "join")
    message = {"action": "voiceSignal", "requestId": "big", "roomId": room_id, "to": ben.name}
    text = json.dumps({**message, "type": "voice:offer", "sdp": "v" * 100 * 1024}).encode()
    frames = [text[at : at + 30 * 1024] for at in range(0, len(text), 30 * 1024)]
    for number, data in enumerate(frames):
        opcode = websocket.ABNF.OPCODE_CONT if number else websocket.ABNF.OPCODE_TEXT
        last = int(number == len(frames) - 1)
        ana.socket.send_frame(websocket.ABNF(last, 0, 0, 0, opcode, 1, data))
    assert ana.wait(lambda one: one.get("requestId") == "big")["code"] == "tooLarge"
    assert heard_nothing(ben)


def test_a_flood_of_candidates_is_refused_and_the_call_goes_on(crowd):
    room_id, (ana, ben) = crowd(2)
    for person in (ana, ben):
        ask(person, room_id, "join")
    for _ in range(220):
        tell(ana, room_id, "ice_candidate", to=ben.name, candidate=CANDIDATE)
    refused = ana.push("error")
    assert refused["code"] == "rateLimited" and 0 < refused["retryAfterMs"] <= 10_000
    tell(ana, room_id, "offer", to=ben.name, sdp=SDP)
    assert heard(ben, "offer")["sdp"] == SDP


def heard_nothing(person):
    relayed = ("voice:offer", "voice:answer", "voice:ice_candidate")
    return not [one for one in person.drain() if one.get("type") in relayed]


# Voice rooms: the original client's flow over a channel.


@pytest.fixture
def video(aws):
    return aws("kinesisvideo")


@pytest.fixture
def started(crowd):
    """A room of three with a voice room that its admin started."""
    room_id, people = crowd(3)
    created = people[0].ask("createVoiceRoom", roomId=room_id)
    assert created["action"] == "voiceRoomCreated", created
    for person in people[1:]:
        available = person.push("voiceRoomAvailable", voiceRoomId=created["voiceRoomId"])
        assert available == {
            "action": "voiceRoomAvailable",
            "voiceRoomId": created["voiceRoomId"],
            "roomId": room_id,
            "masterUserId": people[0].name,
        }
    yield room_id, created["voiceRoomId"], people
    people[0].ask("endVoiceRoom", voiceRoomId=created["voiceRoomId"])


def credentials(person, voice_room_id):
    return person.ask("getVoiceCredentials", voiceRoomId=voice_room_id)


def exists(video, channel_arn):
    try:
        video.describe_signaling_channel(ChannelARN=channel_arn)
        return True
    except video.exceptions.ResourceNotFoundException:
        return False


def lent(outputs, service, given, url=None):
    """A client with the keys that a browser was lent."""
    keys = given["credentials"]
    return boto3.client(
        service,
        endpoint_url=url or outputs["awsEndpointUrl"],
        region_name=given["region"],
        aws_access_key_id=keys["accessKeyId"],
        aws_secret_access_key=keys["secretAccessKey"],
        aws_session_token=keys["sessionToken"],
        config=Config(retries={"max_attempts": 1, "mode": "standard"}),
    )


def test_the_creator_is_master_and_the_others_are_viewers(started, video):
    _, voice_room_id, (ana, ben, eve) = started
    master = credentials(ana, voice_room_id)
    assert (master["action"], master["role"]) == ("voiceCredentials", "MASTER")
    assert exists(video, master["channelARN"])
    tags = video.list_tags_for_resource(ResourceARN=master["channelARN"])["Tags"]
    assert set(tags) == {"chatctl:project", "chatctl:stage"}
    assert {one["Protocol"] for one in master["endpoints"]} == {"WSS", "HTTPS"}
    assert all(one["ResourceEndpoint"] for one in master["endpoints"])
    assert set(master["credentials"]) == {
        "accessKeyId",
        "secretAccessKey",
        "sessionToken",
        "expiration",
    }
    assert "X-Amz-Signature=" in master["signalingUrl"] and master["clientId"]
    assert "X-Amz-ClientId" not in master["signalingUrl"]
    assert "X-Amz-Expires=299" in master["signalingUrl"]
    viewers = [credentials(person, voice_room_id) for person in (ben, eve)]
    assert {one["role"] for one in viewers} == {"VIEWER"}
    assert len({one["clientId"] for one in viewers}) == 2
    assert all(f"X-Amz-ClientId={one['clientId']}" in one["signalingUrl"] for one in viewers)


def test_starting_twice_gives_the_same_voice_room(started):
    room_id, voice_room_id, (ana, ben, _) = started
    assert ben.ask("createVoiceRoom", roomId=room_id)["voiceRoomId"] == voice_room_id
    assert not [one for one in ana.drain() if one["action"] == "voiceRoomAvailable"]
    assert voice(ana, room_id)["voiceRoomId"] == voice_room_id


def test_what_is_lent_reaches_one_channel_in_one_role(started, outputs, video, unique):
    _, voice_room_id, (ana, ben, _) = started
    viewer = credentials(ben, voice_room_id)
    own = viewer["channelARN"]
    lent_video = lent(outputs, "kinesisvideo", viewer)
    assert lent_video.describe_signaling_channel(ChannelARN=own)["ChannelInfo"]["ChannelARN"] == own
    other = video.create_signaling_channel(ChannelName=f"chatctl-local_{unique}")["ChannelARN"]
    try:
        refusals = [
            (lent_video.describe_signaling_channel, {"ChannelARN": other}),
            (lent_video.get_signaling_channel_endpoint, {"ChannelARN": other}),
            (lent_video.delete_signaling_channel, {"ChannelARN": own}),
            (lent_video.create_signaling_channel, {"ChannelName": f"chatctl-local_x{unique}"}),
            (lent(outputs, "dynamodb", viewer).list_tables, {}),
        ]
        for call, arguments in refusals:
            with pytest.raises(ClientError) as caught:
                call(**arguments)
            code = caught.value.response["Error"]["Code"]
            assert code in ("AccessDeniedException", "AccessDenied"), (call, code)
    finally:
        video.delete_signaling_channel(ChannelARN=other)


def test_voice_rooms_are_for_members_only(started, chat, names):
    room_id, voice_room_id, (ana, ben, eve) = started
    outsider = chat(names("Out"))
    for standing in ("outsider", "pending"):
        for action, fields in [
            ("createVoiceRoom", {"roomId": room_id}),
            ("getVoiceCredentials", {"voiceRoomId": voice_room_id}),
            ("endVoiceRoom", {"voiceRoomId": voice_room_id}),
        ]:
            refused = outsider.ask(action, **fields)
            assert (refused["code"], refused["type"]) == ("forbidden", "voiceRoomError"), standing
        outsider.ask("joinRoom", subAction="request", roomId=room_id)
    eve.ask("leaveRoom", roomId=room_id)
    assert credentials(eve, voice_room_id)["code"] == "forbidden"
    assert ben.ask("endVoiceRoom", voiceRoomId=voice_room_id)["code"] == "forbidden"
    unknown = credentials(ben, f"{room_id}-000000000000")
    assert (unknown["code"], unknown["type"]) == ("notFound", "voiceRoomError")


def test_ending_removes_the_channel_and_tells_everybody(started, video):
    room_id, voice_room_id, (ana, ben, eve) = started
    arn = credentials(ana, voice_room_id)["channelARN"]
    ask(ben, room_id, "join")
    assert ana.ask("endVoiceRoom", voiceRoomId=voice_room_id)["action"] == "voiceRoomEnded"
    for person in (ben, eve):
        assert person.push("voiceRoomEnded")["voiceRoomId"] == voice_room_id
        assert heard(person, "peer_left", reason="ended")["from"] == ben.name
    assert not exists(video, arn)
    assert credentials(ben, voice_room_id)["code"] == "notFound"
    assert "voiceRoomId" not in voice(ben, room_id)


@pytest.mark.parametrize("way", ["close", "leaveRoom", "disable"])
def test_voice_ends_with_its_master(started, video, way):
    room_id, voice_room_id, (ana, ben, _) = started
    arn = credentials(ana, voice_room_id)["channelARN"]
    if way == "close":
        ana.close()
    elif way == "leaveRoom":
        ana.ask("leaveRoom", roomId=room_id)
    else:
        ask(ana, room_id, "disable")
    assert ben.push("voiceRoomEnded")["voiceRoomId"] == voice_room_id
    assert not exists(video, arn)
    if way == "close":
        ana.unread, ana.ask = [], lambda *_, **__: None


def test_the_sweep_removes_what_a_crash_left(crowd, aws, video, prefix):
    room_id, (ana, ben) = crowd(2)
    database, table = aws("dynamodb"), f"{prefix}VoiceRooms"
    voice_room_id = ana.ask("createVoiceRoom", roomId=room_id)["voiceRoomId"]
    arn = credentials(ana, voice_room_id)["channelARN"]
    # As after a crash between making the channel and noting it, two minutes ago.
    database.update_item(
        TableName=table,
        Key={"roomId": {"S": room_id}, "entry": {"S": "VOICE"}},
        UpdateExpression="SET createdAt = :then REMOVE channelArn, masterConnection",
        ExpressionAttributeValues={":then": {"N": "1"}},
    )
    ask(ben, room_id, "join")
    database.update_item(
        TableName=table,
        Key=talker_key(database, table, room_id),
        UpdateExpression="SET connectionId = :gone",
        ExpressionAttributeValues={":gone": {"S": "AAAAAAAAAAAAAAA="}},
    )
    answer = aws("lambda").invoke(
        FunctionName=f"{prefix}SweepVoiceHandler", Payload=json.dumps({"source": "aws.events"})
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    assert not exists(video, arn)
    assert ben.push("voiceRoomEnded")["voiceRoomId"] == voice_room_id
    assert voice(ana, room_id)["participants"] == []
    left = database.query(
        TableName=table,
        KeyConditionExpression="roomId = :room",
        ExpressionAttributeValues={":room": {"S": room_id}},
    )
    assert left["Items"] == []


def talker_key(database, table, room_id):
    rows = database.query(
        TableName=table,
        KeyConditionExpression="roomId = :room AND begins_with(entry, :kind)",
        ExpressionAttributeValues={":room": {"S": room_id}, ":kind": {"S": "PERSON#"}},
    )["Items"]
    return {name: rows[0][name] for name in ("roomId", "entry")}
