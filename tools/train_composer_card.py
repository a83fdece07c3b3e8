"""Write measured figures into the composer's card.

    tools/evaluate composer --data DIR --json > figures.json
    python -m tools.train_composer_card figures.json [ablations.jsonl ...]
"""

import argparse
import json
from pathlib import Path

CARD = Path(__file__).resolve().parent.parent / "models" / "composer.json"
COMMAND = "tools/evaluate composer --data DIR --json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", type=Path)
    parser.add_argument("ablations", type=Path, nargs="*",
                        help="what train_composer_ablate and train_composer_parts printed")
    options = parser.parse_args()
    card, result = json.loads(CARD.read_text()), json.loads(options.figures.read_text())
    card["figures"] |= {key: {"value": short(value), "command": COMMAND, "data": result["data"],
                              **{peer: short(figures[key]) for peer, figures in result["peers"].items()
                                 if figures.get(key) is not None}}
                        for key, value in result["figures"].items() if value is not None}
    rows = [json.loads(line) for path in options.ablations for line in path.read_text().splitlines()]
    card["ablations_command"] = ("python -m tools.train_composer_ablate --data DIR --steps 150; "
                                 "python -m tools.train_composer_parts: rows with steps are short trainings of equal "
                                 "length, to compare with each other only")
    card["ablations"] = [{"name": "int8 against float, whole training", "int8": card["figures"]["tick_nll"]["value"],
                          "float": card["figures"]["tick_nll_float"]["value"]}, *rows]
    CARD.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


def short(value: float) -> float:
    return float(f"{value:.4g}")


if __name__ == "__main__":
    main()
