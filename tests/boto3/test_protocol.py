"""The wire protocol of the chat, spoken by a plain client.

The first part is what the original browser client sends and expects, field by field.
"""

import json
import threading

import pytest
import websocket


@pytest.fixture
def names(unique):
    """Names of people that no other test has: names("Ana") is at most 20 characters long."""
    return lambda name: f"{name}_{unique}"[:20]


@pytest.fixture
def room(chat, names):
    """A room with its admin and one approved member."""
    admin, member = chat(names("Admin")), chat(names("Member"))
    created = admin.ask("createRoom", roomName="Lobby")
    enter(admin, member, created["roomId"])
    return created["roomId"], admin, member


def enter(admin, member, room_id):
    """Somebody asks to join and is let in."""
    assert member.ask("joinRoom", subAction="request", roomId=room_id)["status"] == "pending"
    admin.push("joinRequest", roomId=room_id, userId=member.name)
    admin.send("joinRoom", subAction="approve", roomId=room_id, targetUserId=member.name)
    assert member.push("joinResponse", roomId=room_id)["status"] == "approved"


# The original client: no hello, no request ids.


def test_the_original_clients_conversation(chat, names):
    ana, ben = chat(names("Ana"), hello=False), chat(names("Ben"), hello=False)
    ana.send("createRoom", roomName="Lobby")
    created = ana.push("roomCreated")
    assert created["roomName"] == "Lobby"
    room_id = created["roomId"]

    ben.send("joinRoom", subAction="request", roomId=room_id)
    assert ben.push("joinResponse")["status"] == "pending"
    assert ana.push("joinRequest") == {
        "action": "joinRequest",
        "userId": ben.name,
        "roomId": room_id,
    }
    ana.send("joinRoom", subAction="approve", roomId=room_id, targetUserId=ben.name)
    approved = ben.push("joinResponse")
    assert (approved["roomId"], approved["status"]) == (room_id, "approved")

    ana.send("sendMessage", message="hello")
    heard = ben.push("message")
    assert (heard["userId"], heard["message"]) == (ana.name, "hello")
    assert isinstance(heard["timestamp"], int) and heard["timestamp"] > 1_700_000_000_000
    ben.send("sendMessage", message="hi", roomId=room_id)
    assert ana.push("message", userId=ben.name)["message"] == "hi"

    ana.send("getMembers", roomId=room_id)
    members = ana.push("roomMembers")
    assert (members["roomId"], members["roomName"]) == (room_id, "Lobby")
    people = {one["userId"]: one for one in members["participants"]}
    assert set(people) == {ana.name, ben.name}
    assert people[ana.name]["isAdmin"] is True and people[ben.name]["isAdmin"] is False
    assert all(one["status"] == "approved" for one in people.values())


def test_somebody_may_be_turned_away_and_ask_again(chat, names):
    ana, ben = chat(names("Ana"), hello=False), chat(names("Ben"), hello=False)
    ana.send("createRoom", roomName="Lobby")
    room_id = ana.push("roomCreated")["roomId"]
    for _ in range(2):
        ben.send("joinRoom", subAction="request", roomId=room_id)
        assert ben.push("joinResponse", status="pending")["roomId"] == room_id
        ana.push("joinRequest", userId=ben.name)
        members = ana.ask("getMembers", roomId=room_id)["participants"]
        assert {"approved", "pending"} == {one["status"] for one in members}
        ana.send("joinRoom", subAction="reject", roomId=room_id, targetUserId=ben.name)
        assert ben.push("joinResponse", status="rejected")["roomId"] == room_id
    assert ben.ask("sendMessage", roomId=room_id, message="x")["code"] == "forbidden"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        "null",
        '"action"',
        "{}",
        '{"action":5}',
        '{"action":"noSuchAction"}',
        '{"action":"createRoom"}',
        '{"action":"createRoom","roomName":5}',
        '{"action":"createRoom","roomName":"x","surprise":1}',
        '{"action":"joinRoom","roomId":"x","subAction":"nonsense"}',
        '{"action":"sendMessage","message":"no room"}',
    ],
)
def test_what_makes_no_sense_is_answered_with_an_error(chat, names, text):
    ana = chat(names("Ana"), hello=False)
    if text:
        ana.send_text(text)
        error = ana.push("error")
        assert error["code"] in ("badRequest", "unknownAction", "notFound"), error
        assert error["message"]
    assert ana.ask("ping")["action"] == "pong"


def test_an_error_is_told_to_the_request_that_caused_it(chat, names):
    ana = chat(names("Ana"))
    error = ana.ask("noSuchAction")
    assert (error["action"], error["code"]) == ("error", "unknownAction")
    assert ana.ask("getMembers", roomId="none")["code"] == "notFound"
    assert ana.ask("sendMessage", roomId="none", message="x")["code"] in ("notFound", "forbidden")
    assert ana.ask("sendMessage", roomId="none", message="x" * 9000)["code"] == "tooLarge"


# What came after.


def test_hello_tells_identity_limits_and_rooms(chat, names):
    ana = chat(names("Ana"), hello=False)
    welcome = ana.hello()
    assert welcome["userId"] == ana.name
    assert welcome["sessionToken"]
    assert welcome["limits"]["nameMax"] == 20
    assert welcome["rooms"] == []
    room_id = ana.ask("createRoom", roomName="Lobby")["roomId"]
    assert ana.hello()["rooms"] == [{"roomId": room_id, "roomName": "Lobby", "isAdmin": True}]


def test_a_message_is_acknowledged_delivered_and_kept(room):
    room_id, admin, member = room
    ack = admin.ask("sendMessage", roomId=room_id, message="hello", clientMessageId="c1")
    assert (ack["action"], ack["roomId"], ack["clientMessageId"]) == ("messageAck", room_id, "c1")
    heard = member.push("message", roomId=room_id)
    assert (heard["messageId"], heard["timestamp"]) == (ack["messageId"], ack["timestamp"])
    history = member.ask("getHistory", roomId=room_id)
    assert [one["messageId"] for one in history["messages"]] == [ack["messageId"]]


def test_the_same_message_sent_again_is_one_message(room):
    room_id, admin, member = room
    send = {"roomId": room_id, "message": "once", "clientMessageId": "same"}
    first, second = admin.ask("sendMessage", **send), admin.ask("sendMessage", **send)
    assert first["messageId"] == second["messageId"]
    assert first["timestamp"] == second["timestamp"]
    heard = [one for one in member.drain() if one["action"] == "message"]
    assert {one["messageId"] for one in heard} == {first["messageId"]}, "at least once"
    assert {one["message"] for one in heard} == {"once"}
    assert len(member.ask("getHistory", roomId=room_id)["messages"]) == 1
    other = member.ask("sendMessage", **send)
    assert other["messageId"] != first["messageId"]


def test_one_message_from_many_tries_at_once_is_one_message(room, chat, names):
    room_id, admin, member = room
    tabs = [chat(admin.name, session=admin.token) for _ in range(3)]
    answers = []

    def send(tab):
        answers.append(
            tab.ask("sendMessage", roomId=room_id, message="race", clientMessageId="race")
        )

    at_once([lambda tab=tab: send(tab) for tab in tabs])
    assert {one["action"] for one in answers} == {"messageAck"}
    assert len({one["messageId"] for one in answers}) == 1
    messages = member.ask("getHistory", roomId=room_id)["messages"]
    assert [one["message"] for one in messages] == ["race"]


def test_history_comes_in_pages_from_both_ends(room):
    room_id, admin, member = room
    for n in range(7):
        admin.ask("sendMessage", roomId=room_id, message=str(n))
    newest = member.ask("getHistory", roomId=room_id, limit=3)
    assert [one["message"] for one in newest["messages"]] == ["4", "5", "6"]
    older = member.ask("getHistory", roomId=room_id, limit=4, before=newest["nextBefore"])
    assert [one["message"] for one in older["messages"]] == ["0", "1", "2", "3"]
    since = older["messages"][-1]["messageId"]
    newer = member.ask("getHistory", roomId=room_id, after=since)
    assert [one["message"] for one in newer["messages"]] == ["4", "5", "6"]


def test_outsiders_read_and_do_nothing(room, chat, names):
    room_id, admin, member = room
    eve = chat(names("Eve"))
    for action, fields in [
        ("getMembers", {}),
        ("getHistory", {}),
        ("sendMessage", {"message": "x"}),
        ("joinRoom", {"subAction": "approve", "targetUserId": eve.name}),
    ]:
        answer = eve.ask(action, roomId=room_id, **fields)
        assert (answer["action"], answer["code"]) == ("error", "forbidden"), (action, answer)
    answer = member.ask("joinRoom", subAction="approve", roomId=room_id, targetUserId=eve.name)
    assert answer["code"] == "forbidden"
    assert not [one for one in member.drain() if one["action"] == "message"]


def test_deciding_on_nobody_is_an_error(room, names):
    room_id, admin, _ = room
    for step in ("approve", "reject"):
        answer = admin.ask("joinRoom", subAction=step, roomId=room_id, targetUserId=names("None"))
        assert (answer["action"], answer["code"]) == ("error", "notFound"), answer


def at_once(calls):
    """Runs the calls in threads that start together."""
    barrier = threading.Barrier(len(calls))
    failures = []

    def run(call):
        barrier.wait()
        try:
            call()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_two_admins_decide_at_once_and_one_decision_holds(chat, names):
    """An admin in two tabs approves here and rejects there."""
    ana = chat(names("Ana"))
    tab = chat(ana.name, session=ana.token)
    ben = chat(names("Ben"))
    for turn in range(5):
        room_id = ana.ask("createRoom", roomName=f"Race {turn}")["roomId"]
        ben.ask("joinRoom", subAction="request", roomId=room_id)
        answers = {}
        decide = {"roomId": room_id, "targetUserId": ben.name}

        def approve():
            answers["approved"] = ana.ask("joinRoom", subAction="approve", **decide)

        def reject():
            answers["rejected"] = tab.ask("joinRoom", subAction="reject", **decide)

        at_once([approve, reject])
        won = [step for step, answer in answers.items() if answer.get("status") == step]
        lost = [answer for answer in answers.values() if answer["action"] == "error"]
        assert len(won) == 1, answers
        assert [one["code"] for one in lost] in (["conflict"], ["notFound"]), answers
        people = {one["userId"] for one in ana.ask("getMembers", roomId=room_id)["participants"]}
        assert (ben.name in people) == (won == ["approved"])
        heard = [
            one["status"]
            for one in ben.drain()
            if one["action"] == "joinResponse" and one["roomId"] == room_id
        ]
        assert heard == won


# Identity.


def test_a_session_is_the_same_person_with_all_rights(chat, names, room):
    room_id, admin, member = room
    token = admin.token
    admin.close()
    back = chat(admin.name, session=token)
    assert {"roomId": room_id, "roomName": "Lobby", "isAdmin": True} in back.hello()["rooms"]
    member.ask("sendMessage", roomId=room_id, message="welcome back")
    assert back.push("message", roomId=room_id)["message"] == "welcome back"
    eve = chat(names("Eve"))
    enter(back, eve, room_id)


def refused(chat, name, session=None):
    """A refused connection is opened, told why, and closed with 1000."""
    client = chat(name, session, hello=False)
    error = client.push("error")
    assert error["message"]
    assert client.close_code() == 1000
    return error["code"]


def test_a_name_is_held_by_one_person(chat, names):
    ana = chat(names("Ana"))
    assert refused(chat, ana.name) == "conflict"
    assert refused(chat, ana.name.upper()) == "conflict"
    assert ana.ask("ping")["action"] == "pong"


def test_a_session_of_somebody_else_is_refused(chat, names):
    ana, ben = chat(names("Ana")), chat(names("Ben"))
    assert refused(chat, ana.name, ben.token) == "unauthorized"


def test_a_session_that_was_tampered_with_is_refused(chat, names):
    ana = chat(names("Ana"))
    middle = len(ana.token) // 2
    other = "A" if ana.token[middle] != "A" else "B"
    tampered = ana.token[:middle] + other + ana.token[middle + 1 :]
    for token in (tampered, ana.token[:-4], "nonsense", ana.token + "A"):
        assert refused(chat, ana.name, token) == "unauthorized", token


@pytest.mark.parametrize("name", ["a", "a" * 21, "a<b>c", "tab\there", "two  spaces", ""])
def test_a_name_that_is_none_is_refused(chat, name):
    assert refused(chat, name) == "badRequest"


@pytest.mark.parametrize("length", [2, 20])
def test_names_of_the_bounds_are_taken(chat, unique, length):
    # Two characters are soon used up by others: try a few.
    for attempt in range(20):
        name = (unique + unique)[attempt : attempt + length]
        client = chat(name, hello=False)
        client.send("hello")
        answer = client.wait(lambda message: message["action"] in ("welcome", "error"))
        if answer["action"] == "welcome":
            assert answer["userId"] == name
            return
    raise AssertionError("no name of this length was free")


# What the gateway refuses.


def test_a_frame_over_32_kb_closes_with_1009(chat, names):
    ana = chat(names("Ana"))
    ana.send_text(json.dumps({"action": "ping", "pad": "x" * 40 * 1024}))
    assert ana.close_code() == 1009


def test_a_binary_frame_closes_with_1003(chat, names):
    ana = chat(names("Ana"))
    ana.send_binary(b"{}")
    assert ana.close_code() == 1003


def test_json_nested_ten_thousand_deep_is_a_bad_request(chat, names):
    ana = chat(names("Ana"))
    ana.send_text("[" * 10_000 + "]" * 10_000)
    assert ana.push("error")["code"] == "badRequest"
    ana.send_text('{"action":"ping","x":' + "[" * 10_000 + "]" * 10_000 + "}")
    assert ana.push("error")["code"] == "badRequest"
    assert ana.ask("ping")["action"] == "pong"


def test_text_that_is_not_unicode_closes_the_connection(chat, names):
    ana = chat(names("Ana"))
    frame = websocket.ABNF.create_frame(b"\xff\xfe", websocket.ABNF.OPCODE_TEXT)
    ana.socket.send_frame(frame)
    assert ana.close_code() in (1007, 1002, 1006, 1005)


def test_somebody_who_leaves_hears_no_more(room):
    room_id, admin, member = room
    assert member.ask("leaveRoom", roomId=room_id)["action"] == "roomLeft"
    assert admin.push("memberLeft", roomId=room_id)["userId"] == member.name
    admin.ask("sendMessage", roomId=room_id, message="alone")
    assert not [one for one in member.drain() if one["action"] == "message"]
    assert member.ask("sendMessage", roomId=room_id, message="x")["code"] == "forbidden"


def test_the_members_learn_who_comes_and_goes(room):
    room_id, admin, member = room
    admin.push("memberJoined", roomId=room_id, userId=member.name)
    member.close()
    gone = admin.push("presence", roomId=room_id, userId=member.name, online=False)
    assert gone["online"] is False
