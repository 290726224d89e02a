"""Qipan: the whole city on one board."""

__version__ = "0.1.0"
