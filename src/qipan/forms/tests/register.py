"""Another register's server, real and on this machine: answers what a test says, and keeps what it was asked."""

import ipaddress
import ssl
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[BaseHTTPRequestHandler], None]


class Register:
    """``answers`` by path; whoever asks for another path gets 404. ``asked`` holds (path, headers)."""

    def __init__(self, host: str = "127.0.0.1", *, certificate: bytes = b"") -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.free = threading.Event()  # a test lets go of whoever hangs
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
                self.close_connection = True
                outer.answers.get(self.path, status(404))(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_arguments: object) -> None:
                """Somebody went away in the middle, as tests do."""

        self.server = Server((host, 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with tempfile.NamedTemporaryFile() as file:
                file.write(certificate)
                file.flush()
                context.load_cert_chain(file.name)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.base = f"{'https' if certificate else 'http'}://{host}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.free.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def hang(self) -> Answer:
        """Nothing is said until the test is over."""
        return lambda _handler: self.free.wait(20) and None


def self_made() -> bytes:
    """A key and its certificate for 127.0.0.1, signed by nobody but itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    shut = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(pem, *shut) + made.public_bytes(pem)


def city_ca() -> tuple[bytes, bytes]:
    """An authority of one's own, and the key with a certificate for 127.0.0.1 that it signed."""
    made, names = [], ("City authority", "Register of heating")
    keys = [ec.generate_private_key(ec.SECP256R1()) for _name in names]
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    for key, name in zip(keys, names, strict=True):
        root = key is keys[0]
        builder = (
            x509.CertificateBuilder(
                issuer_name=issuer,
                subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
                public_key=key.public_key(),
            )
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(days=1))
            .not_valid_after(datetime.now(UTC) + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=root, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key()), critical=False)
            .add_extension(x509.KeyUsage(not root, False, False, False, False, root, root, False, False), critical=True)
        )
        if not root:
            home = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            builder = builder.add_extension(home, critical=False)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    shut = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made[0], keys[1].private_bytes(serialization.Encoding.PEM, *shut) + made[1]


def known_by(content: bytes, etag: str, **headers: str) -> Answer:
    """The whole of it with its mark, or 304 to whoever has that already."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("If-None-Match") == etag:
            _head(handler, 304, {"ETag": etag})
        else:
            body(content, ETag=etag, **headers)(handler)

    return answer


def body(content: bytes, **headers: str) -> Answer:
    """The whole of it, with its length."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {"Content_Length": str(len(content)), **headers})
        handler.wfile.write(content)

    return answer


def _head(handler: BaseHTTPRequestHandler, code: int, headers: dict[str, str]) -> None:
    handler.send_response(code)
    for name, text in headers.items():
        handler.send_header(name.replace("_", "-"), text)
    handler.end_headers()


def cut(content: bytes, *, promised: int) -> Answer:
    """Less than was promised, then the end."""
    return body(content, Content_Length=str(promised))


def endless(part: bytes) -> Answer:
    """Parts without an end, none of which says how much is to come."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {"Transfer_Encoding": "chunked"})
        while True:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    return answer


def unsaid(content: bytes) -> Answer:
    """All of it, but no word of how much that is."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {})
        handler.wfile.write(content)

    return answer


def status(code: int, **headers: str) -> Answer:
    """A status and nothing else."""
    return lambda handler: _head(handler, code, {"Content_Length": "0", **headers})


def leads(to: str, code: int = 302) -> Answer:
    """A redirect."""
    return status(code, Location=to)


__all__ = ["Register", "body", "city_ca", "cut", "endless", "known_by", "leads", "self_made", "status", "unsaid"]
