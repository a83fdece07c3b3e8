"""A night that begins: the button, the loudspeaker, the hub's word, the memory."""

from image.host import Trouble
from image.scenario.board import CAPTURED, EAR, Board

MOST_MEMORY = 210               # MB on the whole board, while it plays
BEAT = "python3 -I /mnt/heart.py"


def listen(board: Board, seconds: int, meanwhile=lambda: None, whole: bool = False) -> str:
    """What the loudspeaker plays for so long. Raises Trouble for silence, gaps in its end or the
    `whole`, a pitch off the scale, an xrun."""
    before = int(board.run(f"{BEAT} underruns"))
    board.run(f"systemd-run -q --unit=ear -p Nice=-15 {EAR.format(seconds)}; sleep 2")
    meanwhile()
    board.pi.await_true("! systemctl is-active --quiet ear", 4 * seconds)
    missed = board.run("journalctl -b -u ear -o cat --no-pager | grep -ci overrun; true")
    heard = board.run(f"python3 -I /mnt/heard.py {CAPTURED} {'whole' if whole else ''}")
    after, level = board.run(f"{BEAT} underruns level").split()
    if (dry := int(after) - before) or missed != "0":
        raise Trouble(f"{dry} underruns, {missed} overruns of the recorder; {heard}")
    return f"{heard}; the device says {float(level):.1f} dBA; 0 xruns in {seconds} s"


def press(board: Board) -> str:
    """A press on the GPIO starts the sound on the ALSA card."""
    return listen(board, 40, board.pi.click)


def goes_on(board: Board) -> str:
    """The sound of a night that was cut goes on, or a press starts it."""
    return listen(board, 40, lambda: board.state("sound") == "ON" or board.pi.click())


def hub(board: Board) -> str:
    """The hub hears of it over MQTT."""
    session, sound = board.state("session"), board.state("sound")
    if (session, sound) != ("winding_down", "ON"):
        raise Trouble(f"{session}, sound {sound}")
    return f"{session}, sound {sound}"


def memory(board: Board) -> str:
    """The board uses at most 210 MB while it plays."""
    used = int(board.run("free -m | awk '/^Mem/ {print $3}'"))
    bench = (
        sum(
            map(
                int,
                board.run(
                    "for p in $(pgrep -f /mnt/); do awk '/^Pss_Anon/ {print $2}' "
                    "/proc/$p/smaps_rollup; "
                    "done"
                ).split(),
            )
        )
        // 1024
    )
    own = (
        sum(
            map(
                int,
                board.run(
                    "for p in $(pgrep -u nocturne); do awk '/^Pss:/ {print $2}' "
                    "/proc/$p/smaps_rollup; "
                    "done"
                ).split(),
            )
        )
        // 1024
    )
    if used - bench > MOST_MEMORY:
        raise Trouble(f"{used} MB, of it the bench {bench}")
    return f"{used - bench} MB beside the bench's {bench}; of it both processes {own} MB PSS"
