"""A plain client of the chat's WebSocket: it knows JSON and nothing of the server."""

import json
import time
from urllib.parse import quote

import websocket

PATIENCE_S = 15


class Closed(Exception):
    """The server closed the connection; `code` says why."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class Chat:
    def __init__(self, url, name, session=None):
        query = f"?userId={quote(name)}"
        if session is not None:
            query += f"&session={quote(session)}"
        self.name = name
        self.token = None
        self.unread = []
        self.requests = 0
        self.socket = websocket.create_connection(url + query, timeout=PATIENCE_S)

    def hello(self):
        answer = self.ask("hello")
        assert answer["action"] == "welcome", answer
        self.token = answer["sessionToken"]
        return answer

    def send(self, action, **fields):
        self.send_text(json.dumps({"action": action, **fields}))

    def send_text(self, text):
        self.socket.send(text)

    def send_binary(self, data):
        self.socket.send_binary(data)

    def ask(self, action, **fields):
        """Sends a request and returns the answer that carries its id."""
        self.requests += 1
        request = f"r{self.requests}"
        self.send(action, requestId=request, **fields)
        return self.wait(lambda message: message.get("requestId") == request)

    def push(self, action, **fields):
        """Waits for a message of this kind that has these fields and answers no request."""

        def fits(message):
            return (
                message.get("action") == action
                and "requestId" not in message
                and all(message.get(name) == value for name, value in fields.items())
            )

        return self.wait(fits)

    def wait(self, fits, patience=PATIENCE_S):
        """The first message that fits, of those that came and those to come."""
        until = time.monotonic() + patience
        for index, message in enumerate(self.unread):
            if fits(message):
                return self.unread.pop(index)
        while True:
            message = self.receive(until - time.monotonic())
            if fits(message):
                return message
            self.unread.append(message)

    def drain(self, seconds=0.7):
        """Everything that came, and that comes within this time."""
        until = time.monotonic() + seconds
        try:
            while True:
                self.unread.append(self.receive(until - time.monotonic()))
        except TimeoutError:
            messages, self.unread = self.unread, []
            return messages

    def receive(self, patience):
        if patience <= 0:
            raise TimeoutError(f"{self.name} waits in vain; unread: {self.unread}")
        self.socket.settimeout(patience)
        try:
            opcode, data = self.socket.recv_data()
        except websocket.WebSocketTimeoutException as timeout:
            raise TimeoutError(f"{self.name} waits in vain; unread: {self.unread}") from timeout
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise Closed(int.from_bytes(data[:2], "big") if data else 1005)
        return json.loads(data)

    def close_code(self):
        """Reads on until the server closes, and returns the code."""
        until = time.monotonic() + PATIENCE_S
        try:
            while True:
                self.unread.append(self.receive(until - time.monotonic()))
        except Closed as closed:
            return closed.code

    def close(self):
        self.socket.close(timeout=1)
