"""Runs all benchmarks on both databases, prints a table and writes ``bench/latest.json``.

Each module under ``bench/`` has ``run(quick) -> list[dict]`` with the keys name, value, unit, baseline, ratio,
goal and ok; ratios compare two things run in turn on this machine. ``python -m bench --quick`` for small sizes,
``python -m bench ingest board`` for some modules, ``--database sqlite|postgres`` for one database.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = (
    "register",
    "fanout",
    "ingest",
    "board",
    "matters",
    "openrosa",
    "measures",
    "zones",
    "destruction",
    "readiness",
)
CHILD = """
import django, importlib, json, sys
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
rows = importlib.import_module("bench." + sys.argv[1]).run(sys.argv[2] == "quick")
print("\\nBENCH" + json.dumps(rows))
"""


def database_url(kind: str, folder: str) -> str:
    """This function will return the address of an empty database of the kind."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/bench.sqlite3"
    url = subprocess.check_output([HERE.parent / "scripts/postgres", "start"], text=True).strip()
    base = url.split("?")[1].split("=")[1]
    psql = ["psql", "-q", "-h", base, "-U", "postgres", "-d", "postgres", "-c"]
    subprocess.run([*psql, "DROP DATABASE IF EXISTS qipan_bench"], check=True)
    subprocess.run([*psql, "CREATE DATABASE qipan_bench"], check=True)
    return url.replace("/qipan?", "/qipan_bench?")


def main() -> int:
    """This function will run the benchmarks and return 1 when a goal was missed."""
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("modules", nargs="*", default=MODULES)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--database", choices=("sqlite", "postgres"))
    options = parser.parse_args()
    results = []
    for kind in (options.database,) if options.database else ("sqlite", "postgres"):
        for module in options.modules:
            with tempfile.TemporaryDirectory(prefix="qipan-bench-") as folder:
                environment = os.environ | {
                    "DATABASE_URL": database_url(kind, folder),
                    "QIPAN_VAR": folder,
                    "DJANGO_SETTINGS_MODULE": "qipan.config.settings",
                    "PYTHONPATH": os.pathsep.join(
                        (str(HERE.parent), str(HERE.parent / "src"))
                    ),  # this checkout's own source
                }
                print(f"== {module} on {kind}", flush=True)
                child = subprocess.Popen(
                    [sys.executable, "-c", CHILD, module, "quick" if options.quick else "full"],
                    env=environment,
                    cwd=HERE.parent,
                    stdout=subprocess.PIPE,
                    text=True,
                )
                rows = None
                for line in child.stdout:
                    if line.startswith("BENCH"):
                        rows = json.loads(line[5:])
                    elif line.strip():
                        print("  " + line.rstrip(), flush=True)
                if child.wait() or rows is None:
                    rows = [
                        {
                            "name": f"{module} failed",
                            "value": None,
                            "unit": "",
                            "baseline": "",
                            "ratio": None,
                            "goal": "runs",
                            "ok": False,
                        }
                    ]
                results += [{**row, "name": f"{row['name']} [{kind}]"} for row in rows]
    (HERE / "latest.json").write_text(json.dumps(results, indent=1, ensure_ascii=False))
    print(f"\n{'what':72} {'value':>12} {'unit':10} {'ratio':>8}  {'goal':22} ok")
    for row in results:
        value = (
            ""
            if row["value"] is None
            else f"{row['value']:,.3g}"
            if isinstance(row["value"], float)
            else f"{row['value']:,}"
        )
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3g}"
        print(
            f"{row['name'][:72]:72} {value:>12} {row['unit'][:10]:10} {ratio:>8}  {str(row['goal'])[:22]:22} {'yes' if row['ok'] else 'NO'}"
        )
    return 0 if all(row["ok"] for row in results) else 1


if __name__ == "__main__":
    sys.exit(main())
