"""The address register at city scale: the whole country's divisions, generating, reading a file back in, memory.

The child's own peak memory is counted (``ru_maxrss``), so each step runs in a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

STEP = """
import django, json, resource, sys, time
django.setup()
from bench import register
start = time.perf_counter()
rows = getattr(register, sys.argv[1])(*sys.argv[2:])
seconds = time.perf_counter() - start
print("STEP" + json.dumps([rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
CITY = "5101"
FULL_DOORS = 8_750_000


def actor() -> Any:
    """This function will return an actor with the rights of an administrator everywhere."""
    from qipan.kernel.actor import Actor

    return Actor.system("bench", acts=["territory.import", "register.edit"], ranges=[(0, 10**19 - 1)])


def divide(whole_country: str) -> int:
    """This function will import the divisions and return how many areas there are."""
    from qipan.kernel.clock import now
    from qipan.kernel.refusal import BadInput
    from qipan.territory.api import PACKAGE_DATE, generate_territory, import_divisions, package_folder, read_package

    shared = {"valid_from": PACKAGE_DATE, "by": actor(), "at": now()}
    try:
        rows = read_package(package_folder(), within="" if whole_country == "True" else CITY)
        return import_divisions(rows, source="bench", **shared).areas
    except BadInput:
        return generate_territory(CITY, **shared).areas


def generate(scale: str) -> int:
    """This function will generate the city's register and return how many doors it has."""
    from qipan.kernel.clock import now
    from qipan.kernel.place import range_of
    from qipan.territory.api import generate_register

    return generate_register([range_of(CITY)], seed=1, scale=float(scale), by=actor(), at=now()).doors


def export(path: str) -> int:
    """This function will write the register into a file, as a city would hand it over."""
    from qipan.territory.api import Compound, Door

    names = dict(Compound.objects.values_list("place", "name"))
    with Path(path).open("w", encoding="utf-8") as file:
        file.write("community,compound,building,entrance,door\n")
        rows = Door.objects.order_by("place").values_list("place", "building", "entrance", "label")
        done = 0
        for place, building, entrance, label in rows.iterator(chunk_size=20_000):
            file.write(f"{place // 10**7},{names[place - place % 10_000]},{building},{entrance},{label}\n")
            done += 1
    return done


def read_back(path: str) -> int:
    """This function will import the file over the register and return how many doors were read."""
    from qipan.kernel.clock import now
    from qipan.territory.api import import_register

    return import_register(Path(path), replace=True, by=actor(), at=now()).doors


def step(name: str, *arguments: object) -> tuple[int, float, float]:
    """This function will run one step in a process of its own: rows, seconds, peak memory in MB."""
    command = [sys.executable, "-c", STEP, name, *map(str, arguments)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=Path(__file__).parents[1])
    line = next(line for line in out.stdout.splitlines() if line.startswith("STEP"))
    rows, seconds, megabytes = json.loads(line[4:])
    print(f"{name}: {rows:,} rows, {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
    return rows, seconds, megabytes


def plain_pass(path: str) -> float:
    """This function will return the seconds that only reading the file's lines takes: the baseline of the import."""
    import csv

    start = time.perf_counter()
    with Path(path).open(encoding="utf-8", newline="") as file:
        for _row in csv.reader(file):
            pass
    return time.perf_counter() - start


def run(quick: bool) -> list[dict]:
    """This function will measure and return the rows of the report; the database given must be empty."""
    scale = 0.05 if quick else 1.0
    part = FULL_DOORS * scale
    found = []

    def add(name: str, value: float, unit: str, goal: float, baseline: str = "", ratio: float | None = None) -> None:
        found.append(
            {
                "name": name,
                "value": value,
                "unit": unit,
                "baseline": baseline,
                "ratio": ratio,
                "goal": f"< {goal:,.0f} {unit}",
                "ok": value < goal,
            }
        )

    areas, seconds, _memory = step("divide", not quick)
    add(f"{areas:,} areas imported", seconds, "s", 120)
    doors, seconds, memory = step("generate", scale)
    add(f"{doors:,} doors generated", seconds, "s", max(300 * scale, 30))
    add("peak memory of generating", memory, "MB", 500)
    found.append(
        {
            "name": "doors of the city against 8.75 million",
            "value": doors,
            "unit": "doors",
            "baseline": f"{part:,.0f}",
            "ratio": doors / part,
            "goal": "within 1 %",
            "ok": abs(doors / part - 1) < 0.01,
        }
    )
    with tempfile.TemporaryDirectory(prefix="qipan-register-", dir=os.environ.get("QIPAN_VAR")) as folder:
        path = f"{folder}/register.csv"
        step("export", path)
        plain = plain_pass(path)
        read, seconds, memory = step("read_back", path)
    add(f"{read:,} lines imported over them", seconds, "s", max(300 * scale, 30), "csv.reader alone", seconds / plain)
    add("peak memory of importing", memory, "MB", 500)
    return found
