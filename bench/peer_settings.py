"""The project's settings with the comparison endpoint beside its addresses."""

from qipan.config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.peer"
