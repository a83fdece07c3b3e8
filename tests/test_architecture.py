"""Who may import whom: the arrows of device/README.md, read from the imports themselves."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

DEVICE = Path(__file__).resolve().parent.parent / "device"
ROOMS = ("hardware", "sleep", "recommend", "compose", "sound", "home", "words", "taste")
SHARED = {"values", "errors", "arguments", "sentences", "clock", "inference.model_card",
          "inference.tflite", "inference.runtimes",
          "wire", "programmes", "textures", "sheets", "process_memory",
          "notifier", "safekeeping"}
# What decides knows no room; what acts is handed its parts.
DECIDING = {"values", "programmes", "textures", "stored", "sentences"}
ACTING = {*DECIDING, "errors", "clock", "diary", "memory", "parts", "asking",
          "safekeeping"}
BUILDERS = ("assembly", "__main__", "sim", "report")
TELLING = {"values", "errors", "sentences", "diary"}
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


def test_what_decides_knows_no_room():
    for path in files(DEVICE / "session"):
        strangers = {name for name in ours(path) if not name.startswith("session")} - DECIDING
        assert not strangers, f"{path.relative_to(DEVICE)} imports {strangers}"


def test_what_tells_of_a_night_reads_the_diary_alone():
    for path in files(DEVICE / "report"):
        strangers = {name for name in ours(path) if name.split(".")[0] != "report"} - TELLING
        assert not strangers, f"{path.relative_to(DEVICE)} imports {strangers}"


def test_the_night_is_handed_its_parts():
    for name in ("night", "asking", "memory", "parts"):
        path = DEVICE / f"{name}.py"
        strangers = {name for name in ours(path) if not name.startswith("session")} - ACTING
        assert not strangers, f"{name} imports {strangers}"


def test_only_builders_name_what_they_build():
    for path in files(DEVICE):
        room = path.relative_to(DEVICE).parts[0].removesuffix(".py")
        if room in BUILDERS:
            continue
        rooms = {name for name in ours(path) if name.split(".")[0] in ROOMS}
        strangers = {name for name in rooms if name.split(".")[0] != room}
        assert not strangers, f"{path.relative_to(DEVICE)} imports {strangers}"


def test_no_import_runs_in_a_circle():
    arrows = {module(path): resolved(path) for path in files(DEVICE)}
    order = TopologicalSorter(arrows)
    order.prepare()                 # raises CycleError, which names the circle


def module(path: Path) -> str:
    parts = path.relative_to(DEVICE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def resolved(path: Path) -> set[str]:
    """The modules that this one needs while it is being imported."""
    known = {module(each) for each in files(DEVICE)}
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name for name in imported(tree) if name in known and name != module(path)}


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("device"):
            base = node.module.removeprefix("device").lstrip(".")
            inner = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            there = {name for name in inner if (DEVICE / name.replace(".", "/")).with_suffix(
                ".py").exists()}
            found |= there or {base}
    return found


def test_no_part_holds_the_night():
    for path in files(DEVICE / "session"):
        for node in ast.walk(ast.parse(path.read_text())):
            held = isinstance(node, ast.Attribute) and node.attr == "night"
            assert not held, f"{path.relative_to(DEVICE)}:{node.lineno} reaches into a night"


def test_no_function_takes_more_than_eight_things():
    for path in files(DEVICE):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                taken = [each.arg for each in taken if each.arg not in ("self", "cls")]
                assert len(taken) <= 8, f"{path.relative_to(DEVICE)}: {node.name} takes {taken}"


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


def test_the_night_can_be_read_in_one_sitting():
    assert len((DEVICE / "night.py").read_text().splitlines()) <= 320
