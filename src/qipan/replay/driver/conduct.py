"""A whole emergency, from the declaration to the orderly release, through the addresses that people use."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.timezone import get_default_timezone, localtime

from qipan.deployment.api import Team as FormedTeam
from qipan.kernel.place import COMMUNITY, code_of

from .books import Books, balance
from .city import EMERGENCY, STANDING, CityCommand, PassRow, admit, enrol, item_of
from .client import Line, log_in
from .findings import people_of
from .ground import Ground, prepare
from .ledger import Ledger
from .offices import Offices, devices_of
from .plan import Plan
from .report import Report, broken, percentile
from .rosters import name_guards
from .rounds import FieldWork
from .server import Jobs, Server, free_port
from .story import DAY, Story, rounds_over
from .teams import Team
from .watch import Watch, expected_of

Say = Callable[[str], object]
DECLARED_DAYS = 21
KILL_AFTER_S = 0.7


class Replay:
    """One run; ``run`` returns the report, ``serve_on`` keeps the server until the reader has seen enough."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self.plan, self.say = plan, say
        plan.folder.mkdir(parents=True, exist_ok=True)
        midnight = datetime.now(get_default_timezone()).replace(hour=0, minute=0, second=0, microsecond=0)
        self.story = Story(plan.folder / "clock.json", midnight)
        self.ledger = Ledger()
        self.report = Report(
            city=plan.city,
            seed=plan.seed,
            scale=plan.scale,
            territory="",
            database=connection.vendor,
            days=plan.days,
            rounds=plan.rounds,
        )
        postgres = connection.vendor == "postgresql"
        self.server = Server(
            plan.port or free_port(),
            {},
            plan.folder / "server.log",
            workers=2 if postgres else 1,
            threads=12 if postgres else 24,
            host=plan.host,
        )
        self.jobs = Jobs(plan.folder / "jobs.log")
        self.sending_s = 0.0

    # -- the whole ---------------------------------------------------------------------------------

    def run(self, told: Callable[[Report], object]) -> Report:
        """This method will play everything and return the report; what does not hold is named in ``failed``.

        ``told`` is given the report while the server still serves; a demo then goes on until Ctrl-C.
        """
        began = time.monotonic()
        self.story.go_on(speed=1.0, at=self.story.midnight + timedelta(hours=6))
        self.ground = self._prepare()
        with self._serving():
            self._log_in()
            try:
                self._alarm()
                self._rounds()
            finally:
                self.watch.stop()
            self._end()
            self.say("released; every figure is now counted again from the rows (qipan verify)")
            balance(self.report, Books(self.ledger, self.round_ids))
            connection.close()
            self.report.seconds = round(time.monotonic() - began, 1)
            self.report.failed = broken(self.report)
            told(self.report)
            if self.plan.stay:
                self._serve_on()
        return self.report

    def _prepare(self) -> Ground:
        ground = prepare(
            self.plan.city,
            territory=self.plan.territory,
            shape=self.plan.shape,
            scale=self.plan.scale,
            seed=self.plan.seed,
            at=self.story.now(),
            say=self.say,
            password=self.plan.password,
        )
        self.report.territory = ground.territory
        self.report.communities, self.report.compounds = ground.communities, ground.compounds
        self.report.doors = ground.doors
        connection.close()
        return ground

    @contextmanager
    def _serving(self) -> Iterator[None]:
        self.server.start()
        try:
            if self.plan.jobs:
                self.jobs.start()
            self.say(f"serving at {self.server.address}")
            yield
        finally:
            self.jobs.stop()
            self.server.stop()

    def _serve_on(self) -> None:
        self.say(f"serving on at {self.server.address} until Ctrl-C")
        self.story.go_on(speed=1.0)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            self.say("")

    # -- decision and alarm ------------------------------------------------------------------------

    def _log_in(self) -> None:
        for login in self.ground.logins if self.plan.stay else ():
            self.say(f"  {login.username:10} {login.password}  {login.role:18} {login.unit}")
        self.command = CityCommand(self._line("city"), self.plan.city)
        self.admin = self._line("admin")
        place = self.ground.login("community").place
        self.findings = people_of(self._line, self.server.address, place, seed=self.plan.seed)
        self.watch = Watch(self._line("lead"), self.plan.city, self.ledger, [], seed=self.plan.seed)

    def _line(self, username: str) -> Line:
        login = self.ground.login(username)
        return log_in(self.server.address, username, login.password)

    def _alarm(self) -> None:
        """Declares, activates the playbook everywhere, and reaches every community and compound."""
        self.story.go_on(speed=self.plan.directive_speed, at=self.story.morning(1) - timedelta(minutes=30))
        decided = self.story.now()
        self.declaration = self.command.declare(f"演练-{decided:%Y%m%d}-001", starts_at=decided, days=DECLARED_DAYS)
        self.districts = self.command.districts()
        began = time.perf_counter()
        self.activation = self.command.activate(EMERGENCY, self.districts, self.declaration)
        self.say(
            f"declared and activated for {len(self.districts)} districts in {time.perf_counter() - began:.1f} s: "
            + ", ".join(f"{item['kind'].lower()} {item['count']:,}" for item in self.activation["items"])
        )
        self.campaign = item_of(self.activation, "CAMPAIGN")
        self._direct()
        self._name_guards()
        self._enrol()

    def _name_guards(self) -> None:
        """A company's gate post names who stands at its gates, then the subdistrict at the others of its ground; whoever has
        no post here has named nobody yet.
        """
        held = {login.username for login in self.ground.logins}
        for username in ("guard", "street"):
            if username in held:
                self.report.shifts_named += name_guards(self._line(username), seed=self.plan.seed)
        self.say(f"{self.report.shifts_named:,} shifts at gates have somebody")

    def _direct(self) -> None:
        """Sends one directive to all, while every office reads its desk."""
        devices = devices_of(self.admin, self.plan.city, last_day=self._last_day())
        self.offices = Offices(self.server.address, devices, self.story, seed=self.plan.seed, threads=self.plan.phones)
        decided = self.story.now()
        directive, seconds = self.command.directive(
            f"演练-{decided:%Y%m%d}-002",
            admission=item_of(self.activation, "ADMISSION"),
            decided_at=decided,
            due_at=decided + DAY,
        )
        self.directive = int(directive["id"])
        issued = time.monotonic()
        self.offices.read_desks()
        paper = self.offices.sign_paper(f"directive:{self.directive}")
        report = self.command.report(self.directive)
        delivered = [moment - issued for moment in self.offices.delivered.get(f"directive:{self.directive}", [])]
        self.report.directive_recipients = directive["recipients"]
        self.report.directive_commit_s = round(seconds, 3)
        self.report.directive_p50_delivery_s = round(percentile(delivered, 0.5), 2)
        self.report.directive_p99_delivery_s = round(percentile(delivered, 0.99), 2)
        self.report.directive_undelivered = directive["recipients"] - report["lead"]["delivered"]
        self.report.directive_on_paper = paper
        self.report.directive_shown = report["lead"]
        self.say(
            f"directive to {directive['recipients']:,} units in {seconds:.2f} s; on the last desk after "
            f"{max(delivered, default=0):.1f} s ({(report['lead']['last_s'] or 0) / 60:.0f} min on the shown clock); {paper:,} signed on paper"
        )

    def _last_day(self) -> datetime:
        return self.story.midnight + DAY * (self.plan.days + 9)

    def _enrol(self) -> None:
        """Gives each team its pass and lets it fetch its doors."""
        formed = FormedTeam.objects.everywhere("the teams of this replay").filter(released_at=None).order_by("pk")
        rows = [PassRow(f"编组{pk}", code_of(place, COMMUNITY), pk) for pk, place in formed.values_list("pk", "place")]
        connection.close()
        passes = enrol(self.admin, "screening-worker", rows, last_day=self._last_day())
        teams = [Team.of(row.team or 0, row.token, [], self.plan.seed) for row in passes]
        self.field = FieldWork(
            self.server.address, teams, self.ledger, self.story, self.plan.seed,
            threads=self.plan.phones, faults=self.plan.faults, usual=self.plan.upload,
        )  # fmt: skip
        self.field.fetch_doors()
        self.teams = self.field.teams
        self.report.teams = len(self.teams)
        self.say(
            f"{len(rows):,} teams enrolled; {sum(len(team.places) for team in self.teams):,} doors on their phones"
        )

    # -- rounds ------------------------------------------------------------------------------------

    def _rounds(self) -> None:
        self.round_ids: list[int] = []
        boards = [code for code in self.offices.areas() if len(code) > 4]
        self.watch.places = boards
        self.offices.begin_signing()
        for number, days in enumerate(rounds_over(self.plan.days, self.plan.rounds), 1):
            round_id = self._open_round(number, days)
            self.watch.follow(round_id)
            if number == 1:
                self.watch.start()
            for left, day in zip(range(len(days), 0, -1), days, strict=True):
                self._day(round_id, number, day, left)
            self.field.flush(round_id)
            self._close_round(round_id, number)
        self.offices.end_signing()

    def _open_round(self, number: int, days: list[int]) -> int:
        if number == 1:
            round_id = item_of(self.activation, "ROUND")
        else:
            self.story.go_on(speed=1.0, at=self.story.morning(days[0]) - timedelta(minutes=30))
            closes_at = self.story.midnight + DAY * (days[-1] + 1)
            round_id = int(self.command.open_round(self.campaign, self.districts, closes_at=closes_at)["id"])
        self.round_ids.append(round_id)
        return round_id

    def _day(self, round_id: int, number: int, day: int, left: int) -> None:
        killer = None
        if day in self.plan.kill_on_day:
            killer = threading.Timer(KILL_AFTER_S, self._kill)
            killer.start()
        began = time.monotonic()
        made = self.field.day(round_id, day, left, seconds=self.plan.seconds / self.plan.days)
        took = time.monotonic() - began
        self.sending_s += took
        if killer is not None:
            killer.join()
        self.findings.day(day)
        total = self.command.coverage(round_id, self.plan.city)["total"]
        share = 100 * total["settled"] / max(total["doors"], 1)
        self.say(
            f"day {day:2} round {number} {localtime(self.story.now()):%m-%d %H:%M}  {made:>9,} visits in {took:5.1f} s, "
            f"{share:5.1f} % settled, {total['left']:,} left"
        )

    def _kill(self) -> None:
        self.server.kill()
        self.say("the server was killed (kill -9); starting it again")
        self.server.start()

    def _close_round(self, round_id: int, number: int) -> None:
        expected = expected_of(self.teams, round_id)
        self.watch.compare(expected)
        self.command.close_round(round_id)
        self.watch.compare_closed(expected, lambda code: self.command.coverage(round_id, code))
        total = self.command.coverage(round_id, self.plan.city)["total"]
        self.report.coverage.append(
            {"round": number, "doors": total["doors"], "settled": total["settled"], "left": total["left"],
             "visits": total["visits"], "by_state": total["by_state"]}
        )  # fmt: skip

    # -- the orderly end ---------------------------------------------------------------------------

    def _end(self) -> None:
        """Closes what was opened, in the reverse order, and says what is left."""
        self.story.go_on(speed=self.plan.directive_speed, at=self.story.morning(self.plan.days + 1))
        listed = list(self.command.left(self.round_ids[-1]))
        self.report.left_in_last_round = self.report.coverage[-1]["left"]
        self.report.left_listed = len({door["place"] for door in listed})
        self.command.recall(self.directive, "应急响应终止")
        self.command.close_campaign(self.campaign)
        released = self.command.release(int(self.activation["id"]))
        if released["left"]:
            released = self.command.hand_over(int(self.activation["id"]))
        self.report.left_open_after_release = _named(released["left"]) or 0
        self.command.end_declaration(self.declaration, "疫情得到控制，按程序终止应急响应")
        self._stand()
        self._figures()

    def _stand(self) -> None:
        """Takes the standing posture, whose few tasks the lead organisation admits first."""
        admission = admit(self._line("health"), self._line("lead"), self.story.now())
        self.command.activate(STANDING, self.districts, None, admission=admission)
        self.report.posture_after = self.command.posture()

    def _figures(self) -> None:
        report, ledger, watch = self.report, self.ledger, self.watch
        report.visits_sent, report.visits_acknowledged = ledger.sent, ledger.acknowledged
        report.duplicates_sent = ledger.duplicates
        report.uploads, report.uploads_unanswered = ledger.batches, ledger.resent_unanswered
        report.refused, report.malformed = dict(ledger.refused), ledger.malformed
        report.conflicts_sent, report.unexpected = ledger.conflicts, ledger.unexpected
        report.sending_s = round(self.sending_s, 1)
        report.visits_per_second = round(ledger.acknowledged / max(self.sending_s, 0.001), 1)
        found = self.findings
        report.matters_reported, report.matters_joined = found.reported, found.joined
        report.matters_objected, report.matters_doubted = found.objected, found.doubted
        report.matters_confirmed = found.confirmed
        report.board_looks = len(watch.looks_ms)
        report.board_p50_ms = round(percentile(watch.looks_ms, 0.5), 1)
        report.board_p95_ms = round(percentile(watch.looks_ms, 0.95), 1)
        report.board_max_age_s = round(max(watch.ages_s, default=0.0), 2)
        report.level_checks, report.level_mismatches = watch.checks, watch.mismatched
        report.mismatches = watch.mismatches


def _named(left: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: item[name] for name in ("kind", "title", "owner", "reason", "handed_over")} for item in left]
