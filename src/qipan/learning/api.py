"""The front door of learning: example figures for a synthetic city."""

from .actions.seeds import seed_provisions

__all__ = ["seed_provisions"]
