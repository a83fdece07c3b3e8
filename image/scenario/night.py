"""A night that begins: the button, the loudspeaker, the hub's word, the memory."""

from image.host import Trouble
from image.scenario.board import CAPTURED, EAR, Board

MOST_MEMORY = 210               # MB on the whole board, while it plays
BEAT = "python3 -I /mnt/heart.py"
PSS = "for p in $({}); do cat /proc/$p/smaps_rollup; done"


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
    board.run(f"rm -f {CAPTURED}")                  # it lies in memory
    # `free` counts as used what the kernel keeps at hand for a processor, up to an eighth of all
    # since Linux 6.7: whoever listened just now (listen) leaves 40 MB there, free for anybody.
    used = int(board.run("free -m | awk '/^Mem/ {print $3}'"))
    at_hand = mebibytes(board, "cat /proc/zoneinfo", "count:", pages=True)
    bench = mebibytes(board, PSS.format("pgrep -f /mnt/"), "Pss_Anon:")
    own = mebibytes(board, PSS.format("pgrep -u nocturne"), "Pss:")
    figure = (f"{used - at_hand - bench} MB beside the bench's {bench} and {at_hand} that a "
              f"processor keeps free; of it both processes {own} MB PSS")
    if used - at_hand - bench > MOST_MEMORY:
        raise Trouble(figure)
    return figure


def mebibytes(board: Board, command: str, word: str, pages: bool = False) -> int:
    """The sum of what stands behind the word, in kB or in pages of 4 KiB."""
    total = board.run(f"{{ {command}; }} 2>/dev/null | awk '$1 == \"{word}\" {{n += $2}} "
                      "END {print n + 0}'")
    return int(total) * (4 if pages else 1) // 1024
