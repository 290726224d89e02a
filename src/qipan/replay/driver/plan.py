"""What a replay is asked to do."""

from dataclasses import dataclass, field
from pathlib import Path

MOST_UPLOAD = 300
MOST_DAYS_A_ROUND = 4  # the playbook's first round is open for so long


@dataclass(frozen=True)
class Plan:
    """The options of ``qipan replay`` and ``qipan demo``."""

    city: str
    folder: Path  # where clock, logs and report are written
    scale: float = 0.01
    rounds: int = 3
    days: int = 11
    seed: int = 1
    territory: str | None = None  # "package", "generated", or what can be had
    shape: tuple[int, int, int] | None = None  # districts, streets, communities of a generated city
    seconds: float = 0.0  # real seconds for the rounds; 0 is as fast as the server answers
    directive_speed: float = 12.0
    port: int = 0
    host: str = "127.0.0.1"
    phones: int = 16  # threads
    upload: int = 6  # visits, usually
    faults: bool = True
    jobs: bool = True  # background jobs in a process beside the server
    stay: bool = False  # go on serving after the end
    password: str = ""
    kill_on_day: tuple[int, ...] = field(default=())  # kill -9 of the server in the middle of these days

    def problems(self) -> list[str]:
        """This method will name what cannot be replayed."""
        found = []
        if not 0 < self.scale <= 1:
            found.append("--scale lies above 0 and is at most 1")
        if self.rounds < 1 or self.days < self.rounds:
            found.append("each round needs a day at least")
        elif -(-self.days // self.rounds) > MOST_DAYS_A_ROUND:
            found.append(f"a round lasts at most {MOST_DAYS_A_ROUND} days")
        if not (self.city.isascii() and self.city.isdigit() and len(self.city) == 4):
            found.append("--city is a code of four digits")
        if not 1 <= self.upload <= MOST_UPLOAD:
            found.append(f"--upload lies between 1 and {MOST_UPLOAD}")
        return found
