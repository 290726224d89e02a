"""The services of the world in small, over TLS: an authority, a server with their names, robots that check signatures."""

import base64
import datetime
import hashlib
import hmac
import json
import queue
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DINGTALK, WECOM = "oapi.dingtalk.com", "qyapi.weixin.qq.com"
FEISHU = "open.feishu.cn"
GATE, MAIL = "gate.example.cn", "mail.example.cn"
NAMES = (DINGTALK, WECOM, FEISHU, GATE, MAIL)
SECRET = "SEC0123456789abcdef"
# As the services' own documents give them.
YES = {
    DINGTALK: {"errcode": 0, "errmsg": "ok"},
    WECOM: {"errcode": 0, "errmsg": "ok"},
    FEISHU: {"code": 0, "msg": "success", "data": {}},
}
NO = {
    DINGTALK: {"errcode": 310000, "errmsg": "description:机器人发送签名不匹配"},
    WECOM: {"errcode": 93000, "errmsg": "invalid webhook url"},
    FEISHU: {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"},
}


def is_signed(query: dict[str, list[str]]) -> bool:
    """As DingTalk's document says it: HMAC-SHA256 over time and secret, in base 64, written once into the address."""
    made = hmac.new(SECRET.encode(), f"{query['timestamp'][0]}\n{SECRET}".encode(), hashlib.sha256).digest()
    return query["sign"] == [base64.b64encode(made).decode()]


class Authority:
    """Whoever signs certificates; its own one stands in ``file``."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        own = self._made(self.subject, self.key, x509.BasicConstraints(ca=True, path_length=0))
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def _made(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *said: x509.ExtensionType, days: int = 2
    ) -> x509.Certificate:
        today = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=9))
            .not_valid_after(today + datetime.timedelta(days=days))
        )
        for one in said:
            builder = builder.add_extension(one, critical=isinstance(one, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())

    def context(self, *names: str, days: int = 2) -> ssl.SSLContext:
        """What a server needs that shows a certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        shown = self._made(subject, key, x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), days=days)
        file = self.folder / f"{self.name}-{x509.random_serial_number()}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(shown.public_bytes(serialization.Encoding.PEM) + private)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


class Services:
    """One server that answers to all names; keeps what came, answers as the services do, or what it is told to."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, object]] = []  # the next ones; then yes
        self.context = context
        self.broken: queue.SimpleQueue[str] = queue.SimpleQueue()  # hands that were not shaken
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                name = self.headers["Host"]
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append(
                    (f"https://{name}{self.path}", {key.lower(): text for key, text in self.headers.items()}, body)
                )
                status, told = outer.answers.pop(0) if outer.answers else (200, outer.reply(name, self.path))
                said = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, client_address) -> None:
                try:
                    wrapped = outer.context.wrap_socket(request, server_side=True)
                except OSError as error:
                    outer.broken.put(str(error))
                    return
                Handler(wrapped, client_address, self)
                wrapped.close()

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def reply(self, name: str, path: str) -> object:
        query = parse_qs(urlsplit(path).query)
        refused = "sign" in query and not is_signed(query)
        return (NO if refused else YES).get(name, b"")

    def heard_a_break(self) -> bool:
        """Whether somebody went away before a word was said: the server hears of it a moment later than the other side."""
        try:
            return bool(self.broken.get(timeout=10))
        except queue.Empty:
            return False

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
