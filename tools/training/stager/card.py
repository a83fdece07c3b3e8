"""What `tools/figures stager FIGURES.json [NIGHTS.json]` writes into the stager's card."""

import json
from collections.abc import Sequence
from pathlib import Path

COMMAND = "tools/evaluate staging --data DIR --compare --json"
NIGHTS = (
    "A simulated sleeper, whose own hypnogram it is held against, then real overnight beats of "
    "sixteen people through simulated chips, vital signs and stager; nobody scored those nights. "
    "Deep sleep comes early and REM late, as it should; wakings are fewer than people have, since "
    "nobody recorded movement and these beats show next to none."
)


def put(card: dict, told: dict, nights: Sequence[Path] = ()) -> None:
    by_subject, pooled = told["by_subject"]["nocturne"], told["intervals"]["rows"]["cautious"]
    card["figures"] = {
        key: {
            "value": value,
            "by_subject": by_subject.get(key),
            "interval": pooled.get(key),
            "command": COMMAND,
        }
        for key, value in told["figures"].items()
    }
    card["board"] = {**told["board"], "intervals": told["intervals"]["board"], "command": COMMAND}
    card["quick"] = {
        "figures": told["quick"],
        "intervals": told["intervals"]["rows"]["quick"],
        "command": COMMAND,
    }
    card["paired"], card["compared"] = told["paired"], told["compared"]
    for path in nights:
        card["nights"] = {"what": NIGHTS, "command": "tools/plot nights --data data/ppg --json",
                          "nights": json.loads(path.read_text())}
