"""The ``qipan`` command: Django's commands and the project's own, written with hyphens."""

import os
import sys


def main() -> None:
    """This function will run one command; ``qipan help`` lists them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.config.settings")
    from django.core.management import execute_from_command_line

    argv = list(sys.argv)
    if len(argv) > 1 and not argv[1].startswith("-"):
        argv[1] = argv[1].replace("-", "_")
    execute_from_command_line(argv)


if __name__ == "__main__":
    main()
