"""What the front-end build made: which file is which entry (Vite's manifest)."""

import json
from pathlib import Path
from typing import Any

BUILT = Path(__file__).resolve().parent / "static" / "built"
MANIFEST = BUILT / "manifest.json"
_cached: tuple[int, dict[str, Any]] = (0, {})


def chunks() -> dict[str, Any]:
    """This function will return the manifest, read again only after a new build; empty when nothing is built."""
    global _cached
    try:
        stamp = MANIFEST.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    if stamp != _cached[0]:
        _cached = (stamp, json.loads(MANIFEST.read_text("utf-8")))
    return _cached[1]


def is_built() -> bool:
    return bool(chunks())


class EntryMissing(Exception):
    """A template asks for an entry that the build does not have. This is a bug, not a refusal."""


def files_of(entry: str) -> tuple[str, list[str], list[str]]:
    """This function will return an entry's script, the scripts that it imports, and its styles, in order.

    Raises ``EntryMissing`` when the front end is built but has no ``frontend/src/<entry>.ts``.
    """
    manifest = chunks()
    if f"src/{entry}.ts" not in manifest:
        raise EntryMissing(f"frontend/src/{entry}.ts is not built; run scripts/frontend")
    scripts: list[str] = []
    styles: list[str] = []

    def walk(key: str) -> None:
        for imported in manifest[key].get("imports", []):
            if manifest[imported]["file"] not in scripts:
                walk(imported)
                scripts.append(manifest[imported]["file"])
        styles.extend(name for name in manifest[key].get("css", []) if name not in styles)

    walk(f"src/{entry}.ts")
    return manifest[f"src/{entry}.ts"]["file"], scripts, styles


def everything_of(*entries: str) -> list[str]:
    """This function will return all built files that these entries load, styles' own files too, in order, each once."""
    manifest = chunks()
    found: dict[str, None] = {}
    for entry in entries:
        script, scripts, styles = files_of(entry)
        found |= dict.fromkeys([*styles, *scripts, script])
        for chunk in manifest.values():
            if chunk["file"] in (script, *scripts):
                found |= dict.fromkeys(chunk.get("assets", []))
    return list(found)


def later_of(*entries: str) -> list[str]:
    """This function will return the built files that these entries load only when they are needed, in order, each once."""
    manifest = chunks()
    found: dict[str, None] = {}
    waiting = [(f"src/{entry}.ts", False) for entry in entries]
    seen: set[tuple[str, bool]] = set()
    while waiting:
        key, later = waiting.pop()
        if (key, later) in seen:
            continue
        seen.add((key, later))
        chunk = manifest[key]
        if later:
            found.update(dict.fromkeys([*chunk.get("css", []), chunk["file"], *chunk.get("assets", [])]))
        waiting += [(one, later) for one in chunk.get("imports", [])]
        waiting += [(one, True) for one in chunk.get("dynamicImports", [])]
    at_once = set(everything_of(*entries))
    return [name for name in found if name not in at_once]
