"""The encrypted data partition: made, opened, not opened elsewhere, erased."""

from pathlib import Path

from image import recipe
from image.emulate import BUTTON, Pi
from image.host import HERE, Trouble
from image.scenario.board import NAME, SECRET, Board

OURS, THEIRS = bytes(range(1, 33)), bytes(range(101, 133))     # two boards' one-time memories
START = recipe.START + recipe.BOOT + 2 * recipe.ROOT           # MiB, of the data partition
HEADER = 16                                                    # MiB
MAPPED = "findmnt -no SOURCE /data | grep -q /dev/mapper/nocturne-data"


def empty(board: Board) -> str:
    """Without a key in the one-time memory data is kept unencrypted and TROUBLE.txt says so; a key
    is written once."""
    pi = board.pi
    off(pi)
    settings = board.folder / "settings.txt"
    settings.write_text((HERE / "card/settings.txt").read_text() + "data_encrypted=1\n")
    pi.write_boot("settings.txt", settings)
    pi.otp = bytes(len(OURS))
    reset(board)
    board.run("! findmnt -no SOURCE /data | grep mapper")
    said = board.run("grep data_encrypted /boot/firmware/TROUBLE.txt")
    if "empty" not in said:
        raise Trouble(said)
    board.run("echo yes | nocturne-otp --write && nocturne-otp && ! nocturne-otp --write")
    return said


def made(board: Board) -> str:
    """With one a reset makes the partition encrypted, and nothing personal stands in it."""
    pi = board.pi
    off(pi)
    pi.otp = OURS
    reset(board)
    pi.power_cut()
    pi.write_boot("nocturne.toml", board.folder / "nocturne.toml")
    board.start()
    board.run(MAPPED)
    board.pi.click()
    board.pi.await_true(f"grep -rqs {NAME} /data/nocturne/", 300)
    board.run("sync")
    memory = board.run("free -m | awk '/Mem:/ {print $3}'")
    pi.power_cut()
    places = found(pi.card)
    if any(places):
        raise Trouble(f"name, password on the card: {places}")
    return f"0 places with the sleeper's name, 0 with the password; {memory} MB in use"


def elsewhere(board: Board) -> str:
    """On another board it can't be read, stays as it is, and TROUBLE.txt says so; the settings hold
    from memory."""
    pi = board.pi
    off(pi)
    before = header(pi.card)
    pi.otp = THEIRS
    board.start()
    board.run("findmnt -no FSTYPE /data | grep -qx tmpfs && nft list ruleset | grep -q drop")
    board.run(f"grep -q 'button = {BUTTON}' /data/config/nocturne.toml")
    said = board.run("cat /boot/firmware/TROUBLE.txt")
    pi.power_cut()
    if "encrypted" not in said or header(pi.card) != before:
        raise Trouble(said)
    return said


def again(board: Board) -> str:
    """Back on its own board the nights are there; a reset leaves nothing of the key."""
    pi = board.pi
    off(pi)
    pi.otp = OURS
    board.start()
    board.run(f"{MAPPED} && grep -rqs {NAME} /data/nocturne/")
    pi.power_cut()
    before = header(pi.card)
    reset(board)
    board.run(MAPPED)
    pi.power_cut()
    same = sum(one == other and any(one) for one, other in
               zip(sectors(before), sectors(header(pi.card)), strict=True))
    if same or any(found(pi.card)):
        raise Trouble(f"{same} sectors of the old header stand")
    return "the nights were there; 0 sectors of the old header are left"


def off(pi: Pi) -> None:
    if pi.process is not None:
        pi.power_cut()


def reset(board: Board) -> None:
    """The button is held at power-on; which pin that is stands in the settings."""
    pi = board.pi
    pi.write_boot("nocturne.toml", board.folder / "nocturne.toml")
    pi.power_on(held=True, hurry=False)
    pi.await_true("systemctl is-active --quiet nocturne-data", 400)
    pi.press(False)
    pi.await_true("systemctl is-active --quiet nocturne-setup", 400)


def found(card: Path) -> tuple[int, int]:
    """In how many places of the data partition the name stands, and the password."""
    whole = card.read_bytes()
    return whole.count(NAME.encode(), START * recipe.MIB), whole.count(SECRET.encode(),
                                                                       START * recipe.MIB)


def header(card: Path) -> bytes:
    with card.open("rb") as file:
        file.seek(START * recipe.MIB)
        return file.read(HEADER * recipe.MIB)


def sectors(data: bytes) -> list[bytes]:
    return [data[at:at + 512] for at in range(0, len(data), 512)]
