"""What ``replay`` and ``demo`` share: options, a database of their own, a process in which it is set."""

import fcntl
import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qipan.kernel.refusal import Refusal

from ...driver.client import ServerLost, Unexpected
from ...driver.conduct import Replay
from ...driver.plan import Plan
from ...driver.report import Report, summary
from ...driver.rounds import GivenUp
from ...driver.server import ServerDidNotStart

MARK = "QIPAN_REPLAY"


def shape(text: str) -> tuple[int, int, int]:
    """This function will read ``districts,streets,communities``."""
    parts = text.split(",")
    if len(parts) != 3 or not all(part.isdigit() and int(part) for part in parts):
        raise ArgumentTypeError("three numbers: districts,streets,communities")
    districts, streets, communities = map(int, parts)
    return districts, streets, communities


def environment(city: str, database: str | None) -> dict[str, str]:
    """This function will return the settings of a replay: a folder, a database, a queue and a clock of its own."""
    folder = settings.VAR / f"replay-{city}"
    own = folder / "replay.sqlite3"
    return {
        MARK: "1",
        "QIPAN_VAR": str(folder),
        "QIPAN_CITY": city,
        "QIPAN_CLOCK_FILE": str(folder / "clock.json"),
        "QIPAN_HUEY": str(folder / "huey.sqlite3"),
        "DATABASE_URL": database or f"sqlite:///{own}",
    }


def take(folder: Path) -> bool:
    """This function will hold a replay's folder until the process ends; False when another holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(held, True)  # it stays held in the process that begins anew, and in no other
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return False
    return True


def clear(environment: dict[str, str], *, own_database: bool) -> None:
    """This function will remove what an earlier replay left in the folder; a database that was named stays."""
    folder = Path(environment["QIPAN_VAR"])
    names = ["clock.json", "huey.sqlite3", "server.log", "jobs.log"] + (["replay.sqlite3"] if own_database else [])
    for name in names:
        for end in ("", "-wal", "-shm"):
            (folder / f"{name}{end}").unlink(missing_ok=True)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


class ReplayCommand(BaseCommand):
    """Runs in a process whose settings name the replay's own database; nothing else is touched."""

    requires_system_checks: list[str] = []
    stay = False
    scale, upload = 0.01, 6

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--city", default=settings.CITY, help="division code of four digits (default %(default)s)")
        parser.add_argument(
            "--scale", type=float, default=self.scale, help="of the real register (default %(default)s)"
        )
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--days", type=int, default=11)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--territory", choices=["package", "generated"], help="default: what can be had")
        parser.add_argument("--shape", type=shape, metavar="D,S,C", help="of a generated city: 20,261,3040")
        parser.add_argument("--database", metavar="URL", help="an empty database instead of one of its own")
        parser.add_argument("--port", type=int, default=0)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--phones", type=int, default=16, metavar="THREADS")
        parser.add_argument(
            "--upload", type=int, default=self.upload, help="visits in a usual upload (default %(default)s)"
        )
        parser.add_argument("--report", type=Path, metavar="FILE", help="where the report is written as JSON")
        parser.add_argument(
            "--kill-on-day", type=int, action="append", default=[], help="kill -9 of the server that day"
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """This method will begin anew in a process with the replay's own settings."""
        if os.environ.get(MARK) != "1":
            given = self.create_parser(argv[0], argv[1]).parse_args(argv[2:])
            own = environment(given.city, given.database)
            if not take(Path(own["QIPAN_VAR"])):
                raise SystemExit(f"Another replay of {given.city} is running in {own['QIPAN_VAR']}.")
            clear(own, own_database=given.database is None)
            os.execve(  # noqa: S606  the same program, with the settings of the replay
                sys.executable, [sys.executable, "-m", "qipan.config.cli", *argv[1:]], {**os.environ, **own}
            )
        super().run_from_argv(argv)

    def plan(self, **options: Any) -> Plan:
        """This method will turn the options into a plan. Raises ``CommandError`` for what cannot be replayed."""
        plan = Plan(
            city=options["city"],
            folder=settings.VAR,
            scale=options["scale"],
            rounds=options["rounds"],
            days=options["days"],
            seed=options["seed"],
            territory=options["territory"] or ("generated" if options["shape"] else None),
            shape=options["shape"],
            seconds=options["seconds"],
            port=options["port"],
            host=options["host"],
            phones=options["phones"],
            upload=options["upload"],
            stay=self.stay and not options.get("no_wait"),
            kill_on_day=tuple(options["kill_on_day"]),
        )
        problems = plan.problems()
        if problems:
            raise CommandError("; ".join(problems))
        return plan

    def play(self, plan: Plan, report_file: Path | None) -> Report:
        """This method will run a plan, print the summary and write the report; it ends with an error when one thing fails."""
        if not settings.CLOCK_FILE:
            raise CommandError("A replay runs on a clock of its own: start it with “qipan replay”.")

        def told(report: Report) -> None:
            self.stdout.write("")
            self.stdout.write(summary(report))
            if report_file is not None:
                report.write(report_file)
                self.stdout.write(f"report: {report_file}")

        signal.signal(signal.SIGTERM, _end)  # so that the server ends too
        try:
            report = Replay(plan, self.stdout.write).run(told)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        except (Unexpected, ServerLost, GivenUp, ServerDidNotStart) as error:
            raise CommandError(f"{error} (log: {plan.folder / 'server.log'})") from error
        if report.failed:
            raise CommandError("\n".join(["This does not hold:", *report.failed]))
        return report
