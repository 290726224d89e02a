"""The server of a replay: granian in a process of its own, as it runs in production."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .client import Line, ServerLost

START_S, STOP_S = 60.0, 15.0


class ServerDidNotStart(Exception):
    """The server ended, or did not answer in time; its log says why."""


def free_port() -> int:
    """This function will return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """Starts, kills and stops granian with WSGI workers on one port."""

    port: int
    environment: Mapping[str, str]
    log: Path
    workers: int = 1
    threads: int = 16
    host: str = "127.0.0.1"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def pids(self) -> list[int]:
        """The process that was started; its workers are in its process group."""
        return [self._process.pid] if self._process else []

    def start(self) -> None:
        """This method will start the server and return when it answers. Raises ``ServerDidNotStart``."""
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", self.host, "--port", str(self.port)),
            *("--workers", str(self.workers), "--blocking-threads", str(self.threads)),
            *("--backpressure", str(self.threads * 8), "--no-ws", "qipan.config.wsgi:application"),
        ]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **self.environment}, stdout=log, stderr=log, start_new_session=True
            )
        give_up = time.monotonic() + START_S
        while time.monotonic() < give_up:
            if self._process.poll() is not None:
                raise ServerDidNotStart(self.log.read_text(errors="replace")[-2000:])
            line = Line(self.address)
            try:
                if line.get("/accounts/login/").status == 200:
                    return
            except ServerLost:
                time.sleep(0.1)
            finally:
                line.close()
        raise ServerDidNotStart(self.log.read_text(errors="replace")[-2000:])

    def kill(self) -> None:
        """This method will end server and workers at once, as a power cut does (``kill -9``)."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """This method will end the server; what was acknowledged is on the disk either way."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._process = None


@dataclass
class Jobs:
    """The background process (``qipan work``): reminders, escalation, sealing of the journal."""

    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """This method will start the background process."""
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "qipan.config.cli", "work"], stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> None:
        """This method will end it."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
