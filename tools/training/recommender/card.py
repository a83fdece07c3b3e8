"""What `tools/figures MODEL FIGURES.json` writes into the card of the recommender or of taste."""


def put(card: dict, result: dict, more: object = ()) -> None:
    """Each figure with its peers and the command that prints it again."""
    command = f"tools/evaluate {result['area']} --data DIR --json"
    card["figures"] = {
        key: {"value": value, "command": command,
              "peers": {peer: keys[key] for peer, keys in result["peers"].items() if key in keys}}
        for key, value in result["figures"].items()}
    card["figures_on"] = result["data"]
