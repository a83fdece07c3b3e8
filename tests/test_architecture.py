"""Who may import whom: the arrows of the README, read from the imports themselves."""

import ast
from pathlib import Path

DEVICE = Path(__file__).resolve().parent.parent / "device"
ROOMS = ("hardware", "sleep", "recommend", "compose", "sound", "home", "words")
SHARED = {
    "values",
    "errors",
    "clock",
    "inference.model_card",
    "inference.tflite",
    "wire",
    "programmes",
    "textures",
    "process_memory",
}
# The night's own files use a few pure modules of the rooms; its parts arrive built.
NIGHT = {"night", *(f"session/{path.stem}" for path in (DEVICE / "session").glob("*.py"))}
PURE = {
    "hardware.led",
    "hardware.button",
    "home.commands",
    "home.population_prior",
    "sleep.hypnogram",
    "words.answer",
    "words.bounds",
}
HEAVY = {"scipy", "pandas", "torch", "tensorflow", "matplotlib", "librosa", "sklearn", "lightgbm"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = DEVICE.parent / node.module.replace(".", "/")
            found |= {
                f"{node.module}.{alias.name}"
                if (inner / f"{alias.name}.py").exists()
                else node.module
                for alias in node.names
            }
    return found


def ours(path: Path) -> set[str]:
    return {name.removeprefix("device.") for name in imports(path) if name.startswith("device.")}


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_rooms_never_import_each_other():
    for room in ROOMS:
        for path in files(DEVICE / room):
            strangers = {name for name in ours(path) if name.split(".")[0] != room} - SHARED
            assert not strangers, f"{path.relative_to(DEVICE)} imports {strangers}"


def test_the_simulation_knows_nothing_of_the_hardware():
    for path in files(DEVICE / "sim"):
        strangers = {name for name in ours(path) if not name.startswith("sim")} - {
            "values",
            "errors",
            "clock",
        }
        assert not strangers, f"{path.relative_to(DEVICE)} imports {strangers}"


def test_the_night_is_handed_its_parts():
    for name in NIGHT:
        reached = {n for n in ours(DEVICE / f"{name}.py") if n.split(".")[0] in (*ROOMS, "sim")}
        assert reached <= PURE, f"{name} imports {reached - PURE}"


def test_shared_values_depend_on_nothing_of_ours_but_each_other():
    for name in SHARED:
        assert ours(DEVICE / f"{name.replace('.', '/')}.py") <= SHARED, name


def test_the_board_never_imports_what_only_a_desk_has():
    for path in files(DEVICE):
        heavy = {name.split(".")[0] for name in imports(path)} & HEAVY
        assert not heavy, f"{path.relative_to(DEVICE)} imports {heavy}"


def test_only_the_clock_and_the_worlds_edges_ask_the_machine_for_the_time():
    edges = {"clock.py", "home/mqtt.py", "sound/process.py", "sound/player.py", "assembly/desk.py"}
    for path in files(DEVICE):
        name = str(path.relative_to(DEVICE))
        if name not in edges and not name.startswith("home/hub"):
            assert "time" not in imports(path), f"{name} imports time"


def test_the_night_fits_on_a_screen_or_two():
    assert len((DEVICE / "night.py").read_text().splitlines()) <= 160
