"""What `tools/figures words FIGURES.json` writes into the card of words, and, of wishes alone, what
`tools/figures reader FIGURES.json` writes into the reader's."""

import re

COMMAND = "tools/evaluate words --data DIR --json"
NOT_ITS = re.compile(
    r"valence_r|arousal_r|.*negation_|notes_natural_dev\.|unknown_recall|known_refused|ms_per|rss_mb"
)


def put(card: dict, result: dict, more: object = ()) -> None:
    """Each figure with its peers and the command that prints it again."""
    card["figures"] = {
        key: {
            "value": value,
            "command": COMMAND,
            "peers": {peer: keys[key] for peer, keys in result["peers"].items() if key in keys},
        }
        for key, value in result["figures"].items()
        if not (card["name"] == "reader" and NOT_ITS.match(key))
    }
    card["figures_on"] = result["data"]
