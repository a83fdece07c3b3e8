"""What `tools/figures composer FIGURES.json [ABLATIONS.jsonl …]` writes into the composer's card.
"""

import json
from collections.abc import Sequence
from pathlib import Path

COMMAND = "tools/evaluate composer --data DIR --json"


def put(card: dict, result: dict, ablations: Sequence[Path]) -> None:
    card["figures"] |= {
        key: {
            "value": short(value),
            "command": COMMAND,
            "data": result["data"],
            **{
                peer: short(figures[key])
                for peer, figures in result["peers"].items()
                if figures.get(key) is not None
            },
        }
        for key, value in result["figures"].items()
        if value is not None
    }
    rows = [json.loads(line) for path in ablations for line in path.read_text().splitlines()]
    card["ablations_command"] = (
        "tools/train composer ablate --data DIR --steps 150; tools/train composer parts: "
        "rows with steps are short trainings of equal length, to compare with each other only"
    )
    card["ablations"] = [
        {
            "name": "int8 against float, whole training",
            "int8": card["figures"]["tick_nll"]["value"],
            "float": card["figures"]["tick_nll_float"]["value"],
        },
        *rows,
    ]


def short(value: float) -> float:
    return float(f"{value:.4g}")
