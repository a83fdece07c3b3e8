"""The nights of `tools/evaluate night`: epochs, what was judged of them, and what is true.

Judging a labelled night takes a model that never saw its sleeper, which takes minutes to fit; what
came of it is kept in .cache/night, by all that it depends on.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from areas.staging import chain
from areas.staging.evaluate import FOLDS, Fitted, school
from device.assembly.desk import BEDTIME, Desk
from device.inference import model_card
from device.sim.sleeper import Sleeper
from device.sleep import features
from device.sleep.second_opinion import SecondOpinion
from device.sleep.stager import Stager
from device.values import STAGES, Epoch, Stage, Staging
from kit.setup import ROOT
from training.stager import data, second
from training.stager import fit as stager_fit

CACHE = ROOT / ".cache" / "night"
HOURS = 8.0             # of a simulated night
# what a judged or simulated night comes from
SOURCES = (
    *(f"device/sleep/{name}.py" for name in (
        "additive", "blend", "doubt", "epochs", "features", "onset", "second_opinion", "stager",
        "trees")),
    "tools/training/stager", "tools/areas/staging/evaluate.py",
)
BODIES = (
    *(f"device/sleep/{name}.py" for name in (
        "bcg", "beats", "breathing", "contact", "epochs", "filters", "heart", "heartbeat",
        "movement", "resampling", "variability", "vitals")),
    "device/sim", "device/hardware", "device/assembly/desk.py", "tools/areas/staging/chain.py",
)


@dataclass(frozen=True, eq=False)
class Judged:
    name: str
    epochs: tuple[Epoch, ...]
    live: tuple[Staging, ...]       # as the stager said, epoch by epoch
    morning: tuple[Staging, ...]    # as the second opinion said
    stage: np.ndarray               # (n,) place in STAGES, or UNSCORED


def labelled(folder: Path) -> tuple[list[Judged], str]:
    """The nights of a folder like data/sleep_accel_raw, and in words who judged them: of a night
    that taught the shipped models, models fitted on other sleepers. Raises FileNotFoundError."""
    nights = data.load(folder)
    taught = set(model_card.read("stager", features.INPUTS)[1].facts["training"]["nights"])
    seen = [night for night in nights if night.name in taught]
    fitted: dict[str, tuple] = {}
    told = "shipped models as they are"
    if seen:
        pool = seen if {night.name for night in seen} == taught else school(None, taught)[0] or seen
        fitted = crossed(pool, {night.name for night in seen})
        told = f"models cross-fitted by subject on {len(pool)} nights"
        told += ", others by the shipped ones" if len(seen) < len(nights) else ""
    shipped = Fitted.shipped()
    opinion = shipped.opinion()
    out = []
    for night in nights:
        if night.name in fitted:
            live, morning = fitted[night.name]
        else:
            live = shipped.judge(night)
            morning = opinion.judge(night.epochs, live)
        out.append(Judged(night.name, night.epochs, tuple(live), tuple(morning), night.stage))
    return out, told


def crossed(pool: Sequence[data.Night], wanted: set[str]) -> dict[str, tuple]:
    """Of each wanted night of the pool (live, morning), by models fitted on the other folds."""
    key = digest(SOURCES, *(np.array([value for epoch in night.epochs for value in
                                      (epoch.activity, epoch.heart_rate, epoch.heart_sd)], float)
                            for night in pool), *(night.stage for night in pool))
    path = CACHE / f"crossed-{key}.json"
    if not path.exists():
        inputs = [stager_fit.inputs_of(night) for night in pool]
        two_sided = [second.inputs_of(night) for night in pool]
        judged = {}
        folds = min(FOLDS, len(pool))
        for k in range(folds):
            test = list(range(len(pool)))[k::folds]
            learn = [n for n in range(len(pool)) if n not in test] or test
            models = Fitted.on(*([those[n] for n in learn] for those in (pool, inputs, two_sided)))
            opinion = models.opinion()
            for n in test:
                live = models.judge(pool[n])
                morning = opinion.judge(pool[n].epochs, live)
                judged[pool[n].name] = [[asdict(s) for s in said] for said in (live, morning)]
        keep(path, judged)
    return {name: tuple([staging_of(row) for row in said] for said in both)
            for name, both in json.loads(path.read_text()).items() if name in wanted}


def staging_of(row: dict) -> Staging:
    stage, chances = row.pop("stage"), row.pop("probabilities")
    return Staging(**row, stage=None if stage is None else Stage(stage),
                   probabilities=None if chances is None else tuple(chances))


def simulated(count: int, build: str) -> list[Judged]:
    """Nights of simulated sleepers, seeds 1 to `count`, through chips, vital signs and the shipped
    models."""
    opinion, out = SecondOpinion.load(), []
    for seed in range(1, count + 1):
        key = digest(BODIES, np.array([seed, HOURS]), np.array([ord(letter) for letter in build]))
        path = CACHE / f"{build}-{seed}-{key}.json"
        if not path.exists():
            desk = Desk(out=Path(), hours=HOURS, seed=seed, build=build)
            keep(path, [asdict(epoch) for epoch in chain.felt(desk)])
        epochs = [Epoch(**row) for row in json.loads(path.read_text())]
        truth = np.array([STAGES.index(stage) for stage in
                          Sleeper(seed, HOURS - BEDTIME / 3600, BEDTIME).hypnogram])
        n = min(len(epochs), len(truth))
        stager = Stager.load()
        live = [stager.judge(epoch, BEDTIME) for epoch in epochs[:n]]
        morning = opinion.judge(epochs[:n], live)
        out.append(Judged(f"sleeper {seed}, {build}", tuple(epochs[:n]), tuple(live),
                          tuple(morning), truth[:n]))
    return out


def digest(sources: Sequence[str], *arrays: np.ndarray) -> str:
    """Of these files of the repository and these numbers."""
    whole = hashlib.sha256()
    for source in sources:
        place = ROOT / source
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            whole.update(path.read_bytes())
    for array in arrays:
        whole.update(np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()[:16]


def keep(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(value))
    beside.replace(path)
