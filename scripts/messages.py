"""Compiles every room's Chinese catalogue (django.po) to what Django reads (django.mo)."""

from pathlib import Path

import polib

SOURCE = Path(__file__).resolve().parent.parent / "src" / "qipan"


def main() -> None:
    """This function will compile each catalogue under ``src/qipan``; broken entries fail with their line."""
    for path in sorted(SOURCE.glob("*/locale/*/LC_MESSAGES/*.po")):
        polib.pofile(str(path), check_for_duplicates=True).save_as_mofile(str(path.with_suffix(".mo")))


if __name__ == "__main__":
    main()
