"""The recommender: a bandit with known answers, synthetic sleepers never seen, a cold start on
ratings, and the board.

`--data DIR` may hold `ratings.csv` (user,item,value) and the UCI Mushroom table; without ratings a
generated table is used, and without mushrooms their figures are missing. Nothing shipped is fitted
on DIR: the prior for ratings is estimated from half of its users, as the task says.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    # the workers are the threads; must be set before numpy is loaded
    os.environ.setdefault(_name, "1")

from areas.recommender import board, families, mushroom, ratings, sleepers  # noqa: E402
from kit.figures import Goal, Result  # noqa: E402

OWN = {7: 0.55, 30: 0.65, 90: 0.71}     # nights → gain of sleepers like those of the prior
LEEWAY = 0.03       # of the best peer's gain in the first week among strangers
BEHIND = -0.02      # that the interval of the difference to the best peer may reach later on


def evaluate(data: Path | None, train: Path | None, options) -> Result:
    said, figures, peers, more = [], {}, {}, {}
    names = rehearsed(options.families)

    def add(part: tuple[dict, dict, dict]) -> None:
        figures.update(part[0])
        for peer, keys in part[1].items():
            peers.setdefault(peer, {}).update(keys)
        more.update(part[2])

    with ProcessPoolExecutor(os.cpu_count()) as pool:
        table = data / "ratings.csv" if data else None
        table = ratings.read(table) if table and table.is_file() else ratings.generated()
        cold = pool.submit(ratings.measure, table)
        path = mushroom.find(data)
        if path:
            add(mushroom.figures(path, pool))
            said.append(f"mushrooms: {path}, {mushroom.SEEDS} seeds")
        else:
            said.append("no mushroom table in --data: mushroom figures missing")
        add(sleepers.measure(pool, options.sleepers))
        said.append(f"{options.sleepers} synthetic sleepers never seen in training")
        if options.of_each:
            add(family_figures(pool, options))
            said.append(f"{options.of_each} of each family in {options.families.name}: "
                        f"{', '.join(names)}")
        add(cold.result())
        said.append(f"ratings: {table.name}, the prior estimated on half of its users")
        figures["unsafe_choices"] = sum(pool.map(board.unsafe, board.unsafe_jobs()))
    figures.update(board.footprint())
    figures["int8_agreement"] = board.agreement()
    if train:
        said.append("--train is ignored: nothing is fitted on users or nights of one's own")
    return Result("recommender", "; ".join(said), figures, peers, goals(peers), more)


def rehearsed(path: Path) -> tuple[str, ...]:
    """The families in `path`; ends the tool, with a line that says why, if one is torn."""
    try:
        names = tuple(families.read(path))
        for name in names:
            families.rehearse(path, name)
    except families.Torn as torn:
        raise SystemExit(f"tools/evaluate recommender: {torn}") from torn
    return names


def family_figures(pool, options) -> tuple[dict, dict, dict]:
    try:
        return sleepers.measure_families(pool, options.families, options.of_each)
    except families.Torn as torn:
        raise SystemExit(f"tools/evaluate recommender: {torn}") from torn


def goals(peers: dict[str, dict[str, float]]) -> tuple[Goal, ...]:
    """The issue's figures, and the best peer of this run where the goal is to be above every peer.
    """
    def best(key: str, names: tuple[str, ...]) -> float:
        return max(peers[name][key] for name in names)

    return (
        Goal("mushroom_regret_30", "<=", 90),
        Goal("mushroom_regret_365", "<=", 700),
        *(
            Goal(f"gain_{n}", ">=", max(OWN[n], best(f"gain_{n}", sleepers.RIVALS)))
            for n in sleepers.NIGHTS
        ),
        *(
            Goal(key, ">=", best(key, sleepers.RIVALS) - (LEEWAY if key.endswith("_7") else 0.0))
            for key in peers.get("lints", {}) if key.startswith("family.")
        ),
        *(
            Goal(f"{key}_difference_low", ">=", BEHIND)
            for key in peers.get("lints", {}) if key.startswith("family.") and key[-2:] != "_7"
        ),
        *(
            Goal(key, ">", best(key, ("ials", "ease", "cosine")))
            for metric in ("ndcg10", "f1", "catalogue.ndcg10", "catalogue.f1")
            for key in (f"{metric}_k{k}" for k in (1, 3, 5))
        ),
        Goal("unsafe_choices", "<=", 0),
        Goal("rss_mb", "<=", 20),
        Goal("int8_agreement", ">=", 0.99),
        Goal("ms_per_choice", "<=", 2),
    )
