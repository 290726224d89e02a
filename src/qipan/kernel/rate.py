"""A share with what it is of, and the interval in which it lies."""

from dataclasses import dataclass
from math import sqrt

SMALL = 30  # below it a rate is shown as an interval and ranked nowhere (users.md, section 6)
Z = 1.96


@dataclass(frozen=True)
class Rate:
    """A share with its numerator and denominator; for small numbers the interval in which it lies (Wilson, 95 %)."""

    part: int
    whole: int

    @property
    def small(self) -> bool:
        """Whether so few are counted that only the interval is shown."""
        return 0 < self.whole < SMALL

    @property
    def bounds(self) -> tuple[float, float]:
        """The lower and the upper bound as shares, 0 to 1 (Wilson 1927, 95 %)."""
        if not self.whole:
            return 0.0, 1.0
        p, n = self.part / self.whole, self.whole
        middle, width = p + Z * Z / (2 * n), Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        return max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale)

    @property
    def interval(self) -> tuple[int, int]:
        """The bounds in whole percent, rounded outwards so that the share lies inside."""
        low, high = self.bounds
        return int(100 * low), min(100, round(100 * high + 0.5))
