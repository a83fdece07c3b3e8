"""The emulated Pi with its person's settings, and what every check asks of it."""

import base64
from pathlib import Path

from image.emulate import BUTTON, LED, Pi

NAME = "Zwetschgenmus"          # of the sleeper: what a reset must leave no trace of
SECRET = f"geheimes-{NAME}"
CONFIG = f"""[panel]
button = {BUTTON}
led = {LED}

[home]
host = "127.0.0.1"
password = "{SECRET}"

[night]
sleeper = "{NAME}"
"""
# One word for two units: systemctl itself is content with one that runs.
ACTIVE = "systemctl is-active --quiet nocturne && systemctl is-active --quiet nocturne-sound"
CAPTURED = Path("/run/bench/heard.wav")
EAR = ("arecord -q -D hw:Loopback,1,0 -f S16_LE -r 48000 -c 2 --buffer-time=1500000 "
       f"-d {{}} {CAPTURED}")


def told(field: str) -> str:
    """The command inside that prints the retained word of one topic."""
    return ("LD_LIBRARY_PATH=/mnt/hub/lib timeout 20 /mnt/hub/mosquitto_sub -C 1 "
            f"-t nocturne/bedside/state/{field}")


class Board:
    """`folder` is for the card and the bundles; `squash` the root that the update brings, `key`
    signs it. `other` is the bundle of another build, if one is tried."""

    def __init__(
        self,
        folder: Path,
        image: Path,
        bench: Path,
        squash: Path,
        key: Path,
        certificate: Path,
        version: str,
        counted: bool = True,
        other: Path | None = None,
    ):
        self.folder, self.squash, self.key, self.certificate = folder, squash, key, certificate
        self.version, self.other = version, other
        self.pi = Pi(folder, image, bench, counted)
        config = folder / "nocturne.toml"
        config.write_text(CONFIG)
        self.pi.write_boot("nocturne.toml", config)

    def start(self, tried: bool = False, hurry: bool = True) -> None:
        """Give it power, and wait until both processes run."""
        self.pi.power_on(tried, hurry=hurry)
        # Their start is under way; to ask again and again would take of the core that they need.
        self.pi.run("systemctl start nocturne nocturne-sound", 400, check=False)
        self.pi.await_true(ACTIVE, 400)
        # What our asking started hadn't started by itself.
        self.run("! journalctl -b _PID=1 -o cat | grep '^Dependency failed for nocturne'")

    def restart(self, tried: bool = False, hurry: bool = True) -> None:
        self.pi.power_cut()
        self.start(tried, hurry)

    def run(self, command: str, seconds: float = 120.0, check: bool = True) -> str:
        return self.pi.run(command, seconds, check)

    def put(self, path: str, data: bytes) -> None:
        """Lays a small file into the running board."""
        self.run(f"echo {base64.b64encode(data).decode()} | base64 -d > {path}")

    def diary(self, query: str) -> str:
        """The answer of the diary, read beside the running device."""
        return self.run(f"python3 -I /mnt/diary.py \"{query}\"")

    def count(self, query: str) -> int:
        return int(self.diary(f"SELECT COUNT(*) FROM {query}"))

    def state(self, field: str) -> str:
        """What the hub knows of the bed."""
        return self.run(told(field))

    def ask(self, command: str, value: str) -> None:
        """The hub asks for something."""
        self.run(
            "LD_LIBRARY_PATH=/mnt/hub/lib /mnt/hub/mosquitto_pub -t "
            f"nocturne/bedside/cmd/{command} -m {value}"
        )
