"""The front door of reserves: what is still open of calls, requisitions and stores, how it is ended, and what it cost."""

from .actions.calling import end_call
from .actions.closing import close_line
from .actions.seeds import seed_reserves
from .queries.lines import Costs, OpenLine, costs_under, open_lines
from .queries.stores import stores_open, why_stores_open

__all__ = [
    "Costs",
    "OpenLine",
    "close_line",
    "costs_under",
    "end_call",
    "open_lines",
    "seed_reserves",
    "stores_open",
    "why_stores_open",
]
