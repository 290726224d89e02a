"""The line of a device: it waits out a hung-up server, and never sends an upload twice by itself."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR

import pytest

from qipan.replay.driver.client import Line, ServerLost, Unexpected


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/dies":
            self.connection.shutdown(SHUT_RDWR)
            return
        self.answer(200, b'{"ok": true}')
        if self.path == "/hangs-up":
            self.close_connection = True  # without saying so

    def do_GET(self):
        self.answer(404, b"no")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "csrftoken=abc; Path=/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.seen = []
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def line(server):
    made = Line(f"http://127.0.0.1:{server.server_address[1]}")
    yield made
    made.close()


def test_json_goes_out_and_comes_back_on_one_line(server, line):
    assert line.write("/x", {"a": 1}) == {"ok": True}
    kept = line._http.sock
    assert line.write("/x", b'{"raw": 1}') == {"ok": True}
    assert line._http.sock is kept
    assert server.seen == [b'{"a":1}', b'{"raw": 1}']
    assert line.cookies == {"csrftoken": "abc"}


def test_a_line_that_was_hung_up_is_renewed_before_the_next_upload(server, line):
    assert line.write("/hangs-up", {"n": 1}) == {"ok": True}
    threading.Event().wait(0.2)
    assert line.write("/x", {"n": 2}) == {"ok": True}
    assert server.seen == [b'{"n":1}', b'{"n":2}']


def test_an_upload_without_an_answer_is_lost_and_not_sent_again_by_the_line(server, line):
    with pytest.raises(ServerLost):
        line.post("/dies", {"n": 1})
    assert server.seen == [b'{"n":1}']


def test_what_is_not_success_is_said(line):
    with pytest.raises(Unexpected, match="/nowhere: 404 no"):
        line.read("/nowhere")
