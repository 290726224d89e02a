"""Servers of the tests' own, to see what really leaves."""

import json
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


class Receiver:
    """A partner's server: keeps what came, answers what it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int] = []  # the next ones; then 200
        self.delay_s = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
                time.sleep(outer.delay_s)
                status = outer.answers.pop(0) if outer.answers else 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook?from=qipan"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _path, _headers, body in self.calls]

    def taken(self, key: str) -> dict[str, bytes]:
        """What a receiver keeps that takes each key once: the first body with it."""
        kept: dict[str, bytes] = {}
        for _path, headers, body in self.calls:
            kept.setdefault(headers[key], body)
        return kept

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for _path, headers, _body in self.calls]


class Mailbox:
    """A mail server: keeps what came, over TLS alone where it has a certificate."""

    def __init__(self, *, tls_context: ssl.SSLContext | None = None):
        self.mails = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.controller = Controller(
            self, hostname="127.0.0.1", port=self.port, tls_context=tls_context, require_starttls=bool(tls_context)
        )
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"
