"""The front door of reserves: what is still open of calls and requisitions, how it is ended, and what it cost."""

from .actions.calling import end_call
from .actions.closing import close_line
from .actions.seeds import seed_reserves
from .queries.lines import Costs, OpenLine, costs_under, open_lines

__all__ = ["Costs", "OpenLine", "close_line", "costs_under", "end_call", "open_lines", "seed_reserves"]
