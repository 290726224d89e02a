"""A granian server with WSGI workers and a load process, and the CPU time that server and database take."""

import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def cpu_of(pid: int) -> float:
    """This function will return the CPU seconds of a process, all its threads."""
    total = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return total / 1e9


def family(pid: int) -> list[int]:
    """This function will return a process and all that descend from it."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


class Server:
    """The server of one benchmark and the process that loads it."""

    def __init__(self, *, workers: int, threads: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # What is measured is this checkout's own source, whatever is installed.
        own = os.pathsep.join((str(ROOT), str(ROOT / "src")))
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "bench.peer_settings", "PYTHONPATH": own}
        self.process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--port", str(self.port),
                "--workers", str(workers), "--blocking-threads", str(threads), "--no-ws", "--log-level", "warning",
                "bench.peer:application",
            ],
            env=environment,
            cwd=ROOT,
        )  # fmt: skip
        self.load = subprocess.Popen(
            [sys.executable, "-m", "bench.load", str(self.port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _attempt in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("the server did not start")

    def backends(self) -> list[int]:
        """This method will return the database's processes that serve this server (none on SQLite)."""
        if connection.vendor != "postgresql":
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return [pid for (pid,) in cursor.fetchall()]

    def cpu(self) -> tuple[float, float]:
        """This method will return the CPU seconds of server and database so far."""
        return sum(map(cpu_of, family(self.process.pid))), sum(map(cpu_of, self.backends()))

    def order(
        self, path: str, connections: int, uploads: list[tuple[str, bytes]], kind: str = "application/json"
    ) -> dict[str, Any]:
        """This method will send uploads and return rate, CPU microseconds per stored visit, statuses, latencies."""
        before = self.cpu()
        order = pickle.dumps((path, connections, uploads, kind))
        self.load.stdin.write(struct.pack("!Q", len(order)) + order)
        self.load.stdin.flush()
        size = struct.unpack("!Q", self.load.stdout.read(8))[0]
        seconds, stored, statuses, latencies = pickle.loads(self.load.stdout.read(size))
        after = self.cpu()
        app, database = (1e6 * (b - a) / max(stored, 1) for a, b in zip(before, after, strict=True))
        latencies.sort()
        return {
            "rate": stored / seconds,
            "stored": stored,
            "cpu_app": app,
            "cpu_db": database,
            "cpu": app + database,
            "statuses": statuses,
            "p95_ms": 1000 * latencies[int(len(latencies) * 0.95)] if latencies else 0.0,
        }

    def stop(self) -> None:
        """This method will end server and load."""
        self.load.stdin.close()
        self.load.wait(10)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
