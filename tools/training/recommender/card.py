"""What `tools/figures recommender FIGURES.json` writes into the recommender's card."""

COMMAND = "tools/evaluate recommender --data DIR --json"


def put(card: dict, result: dict, more: object = ()) -> None:
    """Each figure with its peers and the command that prints it again."""
    card["figures"] = {
        key: {"value": value, "command": COMMAND,
              "peers": {peer: keys[key] for peer, keys in result["peers"].items() if key in keys}}
        for key, value in result["figures"].items()}
    card["figures_on"] = result["data"]
