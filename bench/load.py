"""Sends uploads over loopback from a process of its own: keep-alive connections, one thread each.

Reads pickled orders from stdin ``(path, connections, [(token, body), ...], content type)`` and answers on stdout with
``(seconds, stored, {status: count}, [latency, ...])``. ``python -m bench.load PORT``.
"""

import pickle
import re
import socket
import struct
import sys
import threading
import time

STORED = re.compile(rb'"stored":\s*(\d+)')


def exchange(sock: socket.socket, request: bytes) -> tuple[int, bytes]:
    """This function will send a request and return status and body of the response."""
    sock.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            raise ConnectionError("closed")
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"\r\ncontent-length: (\d+)", head.lower())[1])
    while len(body) < length:
        body += sock.recv(65536)
    return int(head.split(b" ", 2)[1]), body


def run(port: int, path: str, connections: int, uploads: list[tuple[str, bytes]], kind: str) -> tuple:
    """This function will send the uploads through so many connections at once."""
    waiting = iter(uploads)
    lock = threading.Lock()
    stored, statuses, latencies = [0], {}, []

    def work() -> None:
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            with lock:
                upload = next(waiting, None)
            if upload is None:
                break
            token, body = upload
            head = (
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            begun = time.perf_counter()
            status, answer = exchange(sock, head.encode() + body)
            latency = time.perf_counter() - begun
            with lock:
                statuses[status] = statuses.get(status, 0) + 1
                latencies.append(latency)
                found = STORED.findall(answer)
                stored[0] += int(found[-1]) if status == 200 and found else int(status == 201)
        sock.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun, stored[0], statuses, latencies


def main() -> None:
    """This function will serve orders until stdin ends."""
    port = int(sys.argv[1])
    while head := sys.stdin.buffer.read(8):
        order = pickle.loads(sys.stdin.buffer.read(struct.unpack("!Q", head)[0]))
        answer = pickle.dumps(run(port, *order))
        sys.stdout.buffer.write(struct.pack("!Q", len(answer)) + answer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
