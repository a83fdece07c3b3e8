"""The first start: how long it takes, and what it leaves open. It leaves nothing open."""

from image import recipe
from image.host import Trouble
from image.scenario.board import SECRET, Board

SOONEST = 12.0          # s until the button is ready


def ready(board: Board) -> str:
    """The built image starts, and the button is ready in time."""
    board.start(hurry=False)
    first = since_kernel(board) - benched(board)
    board.restart(hurry=False)
    whole = since_kernel(board)
    again = whole - benched(board)
    figure = f"{again:.1f} s after the kernel's start, {first:.1f} s the first time; the bench's " \
             f"own processes took {whole - again:.1f} s more of the one core"
    if again > SOONEST and board.pi.counted:
        raise Trouble(figure)
    board.restart()
    return figure


def benched(board: Board) -> float:
    """s of the board's only core that went, until then, into what no board has: the chips and the
    card that the bench makes, and who answers us."""
    *python, card = board.run(
        "cat /run/bench/*.spent; systemctl show bench-sound -P CPUUsageNSec").split()
    return sum(map(float, python)) + int(card) / 1e9


def since_kernel(board: Board) -> float:
    """s of the board's time until both processes were ready."""
    entered = board.run(
        "systemctl show nocturne nocturne-sound -P ActiveEnterTimestampMonotonic"
    ).split()
    return max(map(int, entered)) / 1e6


def data(board: Board) -> str:
    """The data partition has grown, the root can't be written."""
    size = int(board.run("df --output=size -B1M /data | tail -1"))
    if size < 450:
        raise Trouble(f"only {size} MiB")
    board.run("! touch /usr/x 2>/dev/null && findmnt -no FSTYPE / | grep squashfs")
    return f"{size} MiB"


def locked(board: Board) -> str:
    """No password opens anything, and nobody may log in."""
    hashes = board.run("cut -d: -f2 /etc/shadow | sort -u").split()
    if set(hashes) - {"*", "!", "!*", "!!"}:
        raise Trouble(f"passwords: {hashes}")
    board.run("! systemctl is-active --quiet nocturne-ssh && ! pgrep -x 'agetty|dropbear|login'")
    return "no hash, no login, no SSH"


def secrets(board: Board) -> str:
    """The hub's password is readable by its user only, and gone from the boot partition."""
    mode = board.run("stat -c '%a %U' /data/config/nocturne.toml")
    if mode != "600 nocturne":
        raise Trouble(mode)
    board.run("grep -q '(kept)' /boot/firmware/nocturne.toml")
    with open(board.pi.card, "rb") as card:
        if SECRET.encode() in card.read((recipe.START + recipe.BOOT) * recipe.MIB):
            raise Trouble("the password still stands on the boot partition")
    return mode


def egress(board: Board) -> str:
    """The firewall lets out only clock, names, addresses and the hub."""
    rules = board.run("nft list chain inet nocturne out; nft list chain inet nocturne in")
    if rules.count("policy drop") != 2:
        raise Trouble(rules)
    allowed = [line for line in rules.splitlines() if "accept" in line]
    return f"{len(allowed)} rules, both ways closed by default"


def ports(board: Board) -> str:
    """Nothing listens but the bench's own broker."""
    listening = [line for line in board.run("ss -Hlntu").splitlines() if ":1883" not in line]
    if listening:
        raise Trouble("; ".join(listening))
    return "0 ports"


def bus(board: Board) -> str:
    """i2c-tools find the MAX30102 and the LIS3DH on /dev/i2c-1."""
    found = board.run("i2cget -y 1 0x57 0xff; i2cget -y 1 0x18 0x0f").split()
    if found != ["0x15", "0x33"]:
        raise Trouble(f"{found}")
    return " ".join(found)


def watchdog(board: Board) -> str:
    """systemd feeds the watchdog, and each process feeds systemd."""
    said = board.run("systemctl show -P RuntimeWatchdogUSec; "
                     "systemctl show nocturne nocturne-sound -P WatchdogUSec").split()
    if len(said) != 3 or {"0", "infinity"} & set(said):
        raise Trouble(" ".join(said))
    board.run("fuser /dev/watchdog0 2>&1 | grep -qw 1 || ls -l /proc/1/fd | grep -q /dev/watchdog")
    return " ".join(said)
