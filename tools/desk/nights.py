"""What `tools/plot nights` does: bodies through chips, vital signs and stager, all on one page of
hypnograms."""

import argparse
import json
import os
from itertools import islice
from pathlib import Path

from kit.options import made

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


WIDE, HIGH, LEFT = 560, 46, 110         # px per night
PLACE = {"wake": 6, "rem": 16, "light": 26, "deep": 36}


def plot(options: argparse.Namespace) -> int:
    from areas.staging import chain as stager_chain

    judged = [
        stager_chain.simulated(seed, options.hours, options.build)
        for seed in range(1, options.sleepers + 1)
    ]
    if options.data:
        judged += islice(stager_chain.real_nights(options.data, options.build), options.people)
    rows = [{"night": night.name, **figures(night)} for night in judged]
    draw(judged, made(options.out))
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        print(
            "  ".join(
                f"{key} {value:.2f}" if isinstance(value, float) else str(value)
                for key, value in row.items()
            )
        )
    return 0


def figures(night) -> dict:
    """Sums of the second opinion; agreement with the sleeper's own hypnogram where there is one."""
    import numpy as np

    from areas.staging.scores import THREE, kappa
    from device.sleep.hypnogram import second_opinion, sums
    from device.sleep.stager import Stager
    from device.values import STAGES

    opinion = second_opinion(night.stagings, Stager.load().changes)
    total = sums(opinion)
    hours = total.spt / 60
    out = {
        "hours": total.tib / 60,
        "efficiency": total.efficiency,
        "sol_min": total.sol,
        "wakings_per_h": total.wakings / hours if hours else None,
        "long_wakings": total.long_wakings,
        **{
            stage: getattr(total, stage) / total.tst if total.tst else None
            for stage in ("light", "deep", "rem")
        },
        "unknown": total.unknown / total.tib,
    }
    if night.truth is not None:
        known = np.array([s.stage is not None for s in night.stagings])
        said = np.array([STAGES.index(s.stage) for s in night.stagings if s.stage is not None])
        true = night.truth[known]
        out |= {
            "agree_sw": float(((said == 0) == (true == 0)).mean()),
            "kappa2": kappa(true == 0, said == 0),
            "kappa3": kappa(THREE[true], THREE[said]),
            "kappa4": kappa(true, said),
        }
    return out


def draw(judged: list, out: Path) -> None:
    """One page, two columns; the sleeper's own hypnogram in grey behind the judged one."""
    import resvg_py

    from device.values import STAGES

    def line(places: list, colour: str, width: float) -> str:
        points = " ".join(
            f"{LEFT + 480 * n / len(places):.1f},{y}"
            for n, place in enumerate(places)
            if place
            for y in [PLACE[place]]
        )
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'

    half = (len(judged) + 1) // 2
    body = []
    for k, night in enumerate(judged):
        x, y = WIDE * 1.1 * (k // half), HIGH * (k % half) + 8
        parts = [f'<text x="2" y="24">{night.name}</text>']
        parts += [f'<text x="{LEFT - 9}" y="{at + 3}" font-size="8">{stage[0].upper()}</text>'
                  for stage, at in PLACE.items()]
        if night.truth is not None:
            parts.append(line([STAGES[s].value for s in night.truth], "#bbb", 3))
        parts.append(line([s.stage.value if s.stage else None for s in night.stagings], "#246", .8))
        body.append(f'<g transform="translate({x:.0f},{y})">{"".join(parts)}</g>')
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE * 2.2:.0f}" '
        f'height="{HIGH * half + 20}" font-size="11" font-family="DejaVu Sans, sans-serif">'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(body)}</svg>'
    )
    out.write_text(svg)
    out.with_suffix(".png").write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg)))
