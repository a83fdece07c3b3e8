"""Mutation testing of a room: draw, run, list what survives."""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from kit.interrupt import stopping
from kit.mutants import Mutant, mutants
from kit.options import STOPPED
from kit.setup import ROOT

COPIED = ("device", "models", "tests", "tools", "systemd", "pyproject.toml")
CORE = ("night", "asking", "memory", "stored", "diary")
PARTS = {Path("device/diary.py"): ("recalled",)}     # of a file, what alone is the room's
GOAL = 0.9              # of the mutants that are no mere rewording
MOST_ASIDE = 5          # of a hundred that may be set aside as equivalent
PATIENCE = 4.0          # times as long as the tests need unchanged; longer counts as caught
NO_TESTS = 5            # pytest's exit code where nothing was collected
LEAST = 20.0            # s that every mutant gets
EQUIVALENT = "tests/equivalent_mutants.toml"

# Imports once what is slow and unchanging; each run is a fork of it, in which `device` is new.
SERVER = """
import importlib, json, os, signal, sys, time
for name in ("pytest", "hypothesis", "numpy", "_pytest.assertion.rewrite", "onnxruntime"):
    try:
        importlib.import_module(name)
    except ImportError:
        pass                    # whoever needs it says so
for line in sys.stdin:
    order = json.loads(line)
    began, child = time.monotonic(), os.fork()
    if not child:
        os.setsid()
        sys.dont_write_bytecode = order["mutated"]
        told = os.open(order["output"], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(told, 1)
        os.dup2(told, 2)
        import pytest
        code = pytest.main(order["tests"])
        os._exit(int(code))
    code = None
    while code is None and time.monotonic() - began < order["patience"]:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
        else:
            time.sleep(0.01)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if code is None:
        os.waitpid(child, 0)
    print(json.dumps({"code": code, "seconds": time.monotonic() - began}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A mutant and its file, relative to the root."""
    file: Path
    mutant: Mutant

    def told(self) -> str:
        mutant = self.mutant
        before, after = (" ".join(text.split()) for text in (mutant.before, mutant.after))
        return f"{self.file}:{mutant.line} {mutant.function}: {before!r} → {after!r}"


def targets(root: Path, room: str) -> tuple[list[Path], str]:
    """The files to change, relative to the root, and the folder of tests that must notice."""
    device = root / "device"
    if room == "core":
        files = [*(device / "session").glob("*.py"), *(device / f"{name}.py" for name in CORE)]
        tests = "tests/session"
    else:
        files, tests = list((device / room).rglob("*.py")), f"tests/{room}"
    if not files or not (root / tests).is_dir():
        raise SystemExit(f"tools/mutate: there is no room {room!r} with tests of its own")
    return sorted(path.relative_to(root) for path in files), tests


def drawn(root: Path, files: Sequence[Path], count: int, seed: int) -> list[Place]:
    """`count` of all mutants, the same for the same seed; at most one a span of text."""
    spans: dict[tuple[Path, int, int], list[Place]] = {}
    for file in files:
        for mutant in mutants((root / file).read_bytes()):
            if file in PARTS and mutant.function not in PARTS[file]:
                continue
            spans.setdefault((file, mutant.start, mutant.end), []).append(Place(file, mutant))
    chance = random.Random(seed)
    chosen = chance.sample(sorted(spans, key=str), min(count, len(spans)))
    return [chance.choice(spans[span]) for span in chosen]


def set_aside(root: Path) -> dict[tuple[str, str, str, str], str]:
    """(file, function, before, after) → why that change changes nothing."""
    path = root / EQUIVALENT
    rows = tomllib.loads(path.read_text()).get("mutant", []) if path.exists() else []
    for row in rows:
        if not row.get("reason", "").strip():
            raise SystemExit(f"tools/mutate: {row} in {EQUIVALENT} has no reason")
    return {(row["file"], row["function"], row["before"], row["after"]): row["reason"]
            for row in rows}


class Worker:
    """A copy of the tree and a process that runs its tests."""

    def __init__(self, root: Path, folder: Path, tests: str):
        self.folder, self.tests = folder, tests
        self.output = folder.with_suffix(".log")        # of the tests, unchanged
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy2(source, folder / name)
        shared = root.parent / "shared"
        if shared.exists() and not (folder.parent / "shared").exists():
            (folder.parent / "shared").symlink_to(shared)
        paths = os.pathsep.join([str(folder), str(folder / "tools")])
        self.process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-c", SERVER], cwd=folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": paths, "NOCTURNE_NO_SETUP": "1",
                 "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def run(self, first: Sequence[str], patience: float, mutated: bool) -> tuple[int | None, float]:
        """pytest's exit code (None: it took too long), and the seconds."""
        here = [test for test in first if (self.folder / test).exists()]
        order = {"tests": ["-x", "-q", "-p", "no:cacheprovider", "-m", "not full and not image",
                           *here, self.tests], "patience": patience, "mutated": mutated,
                 "output": os.devnull if mutated else str(self.output)}
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(order), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        return answer["code"], answer["seconds"]

    def verdict(self, place: Place, patience: float) -> str:
        """"survives", "caught", or "too slow", which counts as caught."""
        file = self.folder / place.file
        source = file.read_bytes()
        # A stale .pyc of the same second and size would hide the change.
        for cached in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            cached.unlink()
        try:
            file.write_bytes(place.mutant.applied(source))
            code, _ = self.run([f"{self.tests}/test_{file.stem}.py"], patience, mutated=True)
        finally:
            file.write_bytes(source)
        return "too slow" if code is None else "caught" if code else "survives"

    def close(self) -> None:
        self.process.communicate()          # closes what it reads from, and waits


def tried(
    root: Path, tests: str, places: Sequence[Place], workers: int, least: float = LEAST
) -> Iterator[tuple[Place, str]]:
    """(mutant, verdict) in the order drawn, once the tests have passed without any change."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        everyone = [Worker(root, Path(folder) / f"tree-{n}", tests) for n in range(workers)]
        try:
            unchanged = list(pool.map(lambda each: each.run([], 3600, mutated=False), everyone))
            for worker, (code, _) in zip(everyone, unchanged, strict=True):
                if code == NO_TESTS:
                    raise SystemExit(f"tools/mutate: {tests} has no test that tools/test runs")
                if code != 0:
                    print(worker.output.read_text(errors="replace"), file=sys.stderr)
                    raise SystemExit(f"tools/mutate: {tests} fails without any change")
            slowest = max(seconds for _, seconds in unchanged)
            patience = max(PATIENCE * slowest, least)
            print(f"{tests} passes unchanged in {slowest:.0f} s; a mutant gets {patience:.0f} s",
                  file=sys.stderr, flush=True)
            crew: SimpleQueue[Worker] = SimpleQueue()
            for worker in everyone:
                crew.put(worker)

            def attempt(place: Place) -> tuple[Place, str]:
                worker = crew.get()
                try:
                    return place, worker.verdict(place, patience)
                finally:
                    crew.put(worker)
            yield from pool.map(attempt, places)
        finally:
            pool.shutdown(cancel_futures=True)
            for worker in everyone:
                worker.close()


def run(options: argparse.Namespace, root: Path = ROOT) -> int:
    """Prints what the tests let pass; 1 if it is too much. Ctrl-C: of what was tried."""
    files, tests = targets(root, options.room)
    if options.file:
        files = [file for file in files if str(file) == options.file]
    places = drawn(root, files, options.count, options.seed)
    if not places:
        raise SystemExit(f"tools/mutate: nothing to change in {options.file or options.room}")
    known = set_aside(root)
    survivors: list[Place] = []
    aside: list[Place] = []
    slow: list[Place] = []
    began = time.monotonic()
    count = 0
    with stopping() as stopped:
        for place, verdict in tried(
            root, tests, places, min(options.workers, len(places)), options.patience
        ):
            if stopped.is_set():        # Ctrl-C reached this one's tests, too
                break
            count += 1
            at = f"[{count}/{len(places)}]"
            if verdict != "survives":
                slow += [place] if verdict == "too slow" else []
                print(f"{at} {verdict}: {place.file}:{place.mutant.line}", file=sys.stderr,
                      flush=True)
                continue
            mutant = place.mutant
            key = (str(place.file), mutant.function, mutant.before, mutant.after)
            (aside if key in known else survivors).append(place)
            note = f"  (set aside: {known[key]})" if key in known else ""
            print(f"{at} survives: {place.told()}{note}", file=sys.stderr, flush=True)
    judged = count - len(aside)
    caught = 1 - len(survivors) / judged if judged else 0.0
    figures = {
        "room": options.room, "seed": options.seed, "mutants": count, "caught": caught,
        "survivors": [place.told() for place in survivors],
        "set_aside": [place.told() for place in aside],
        "too_slow": [place.told() for place in slow],
        "seconds": time.monotonic() - began,
    }
    print(json.dumps(figures, indent=1, ensure_ascii=False) if options.json else
          f"{options.room}: {count} mutants, {100 * caught:.0f} % caught, "
          f"{len(survivors)} survive, {len(aside)} set aside, {len(slow)} too slow, "
          f"{figures['seconds']:.0f} s")
    too_many = len(aside) > MOST_ASIDE * max(len(places), 1) / 100
    return STOPPED if stopped.is_set() else int(caught < GOAL or too_many)
