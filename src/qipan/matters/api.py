"""The front door of the closed loop."""
