"""Voice on the wire: who takes part, the relay between them, and whom it refuses."""

import json

import pytest
import websocket

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
