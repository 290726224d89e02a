"""The front door of retention."""

__all__: list[str] = []
