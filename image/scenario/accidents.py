"""What goes wrong in a night: a plug, a process, the power, systemd itself; and the way back to a
device like new."""

from image import recipe
from image.host import Trouble
from image.scenario.board import ACTIVE, NAME, Board
from image.scenario.night import listen

LATEST = 20.0                   # s until a process that died or hangs is back
RECOVERED = 5.0                 # s until sensors that were plugged in again are read
RESUMED = "events WHERE kind='resumed'"
RESET_GOAL = 60.0               # s
LOST = 128 << 10                # bytes: a small card's unit of erasing


def unplug(board: Board) -> str:
    """The sensors are unplugged and come back, the sound goes on."""
    board.run("touch /run/bench/unplugged; sleep 8")
    plugged = float(board.run("rm /run/bench/unplugged; cut -d' ' -f1 /proc/uptime"))
    again = ("SELECT MIN(time) FROM events WHERE kind='sensors' AND detail='all answer again' "
             f"AND time>{plugged}")
    board.pi.await_true(f"python3 -I /mnt/diary.py \"{again}\" | grep -q [0-9]", 60)
    board.run(ACTIVE)
    back = float(board.diary(again)) - plugged
    if back > RECOVERED:
        raise Trouble(f"only {back:.1f} s after replugging")
    return f"all answer again {back:.1f} s after replugging"


def struck(board: Board, unit: str, signal: str) -> str:
    """Send the signal to the unit's process and wait for another one that is ready."""
    old = board.run(f"systemctl show {unit} -P MainPID")
    board.run(f"kill -{signal} {old}")
    back = board.pi.await_true(f"systemctl is-active --quiet {unit} && "
                               f"test $(systemctl show {unit} -P MainPID) != {old}", 240)
    if back > LATEST:
        raise Trouble(f"back only after {back:.0f} s")
    return f"back after {back:.0f} s"


def kill_sound(board: Board) -> str:
    """The sound process is killed: it returns, and is heard again."""
    back = struck(board, "nocturne-sound", "KILL")
    board.run("sleep 20")
    return f"{back}; {listen(board, 20)}"


def kill_night(board: Board) -> str:
    """The night process is killed: it returns to the same night."""
    before = board.count(RESUMED)
    back = struck(board, "nocturne", "KILL")
    await_more(board, RESUMED, before)
    return f"{back}, resumed"


def await_more(board: Board, rows: str, than: int) -> None:
    board.pi.await_true(
        f'test $(python3 -I /mnt/diary.py "SELECT COUNT(*) FROM {rows}") -gt {than}', 60
    )


def hang_sound(board: Board) -> str:
    """The sound process hangs: its watchdog ends it, and it returns."""
    return struck(board, "nocturne-sound", "STOP")


def hang_night(board: Board) -> str:
    """The night process hangs: its watchdog ends it, and it returns."""
    return struck(board, "nocturne", "STOP")


def power_cut(board: Board) -> str:
    """The power is cut in mid-night: nothing acknowledged is lost, and the night goes on."""
    rows = board.count("epochs")
    resumed = board.count(RESUMED)
    board.restart()
    if board.diary("SELECT * FROM pragma_integrity_check") != "ok":
        raise Trouble("the diary is damaged")
    if (kept := board.count("epochs")) < rows:
        raise Trouble(f"{rows - kept} rows lost")
    await_more(board, RESUMED, resumed)
    return f"{kept} epochs kept of {rows}, and the night goes on"


def damaged(board: Board) -> str:
    """A card that lost the beginning of its data partition: it is mended, and the nights are there.
    """
    rows = board.count("epochs")
    board.run("sync")
    board.pi.power_cut()
    with open(board.pi.card, "r+b") as card:
        card.seek((recipe.START + recipe.BOOT + 2 * recipe.ROOT) * recipe.MIB)
        card.write(b"\xff" * LOST)
    board.start()
    if (kept := board.count("epochs")) < rows:
        raise Trouble(f"{rows - kept} rows lost")
    return f"{LOST >> 10} KiB of it lost, {kept} epochs kept of {rows}"


def frozen(board: Board) -> str:
    """A systemd that freezes feeds the watchdog no more, which restarts the board."""
    board.run("kill -SEGV 1", check=False)
    if not board.pi.ended(600):
        raise Trouble("nothing restarted the board")
    board.start()
    return "restarted, and up again"


def reset(board: Board) -> str:
    """The button held at power-on erases everything personal."""
    if board.pi.process is not None:
        board.pi.power_cut()
    if NAME.encode() not in board.pi.card.read_bytes():
        raise Trouble("there was nothing to erase")
    board.pi.power_on(held=True, hurry=False)
    board.pi.await_true("systemctl is-active --quiet nocturne-data", 400)
    board.pi.press(False)
    board.pi.await_true("systemctl is-active --quiet nocturne-setup", 400)
    said = board.run("journalctl -b -u nocturne-data --no-pager -o cat | grep erased")
    board.run("sync")
    board.pi.power_cut()
    if left := board.pi.card.read_bytes().count(NAME.encode()):
        raise Trouble(f"the sleeper's name stands in {left} places")
    if (took := float(said.split()[-2])) > RESET_GOAL:
        raise Trouble(f"{took:.0f} s")
    return f"{said}; 0 places on the card with the sleeper's name"
