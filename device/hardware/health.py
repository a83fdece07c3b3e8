"""How the board itself fares, from the kernel's own files; what can't be read is None."""

from pathlib import Path

TEMPERATURE = Path("/sys/class/thermal/thermal_zone0/temp")
NETWORK = Path("/sys/class/net")
WIRELESS = Path("/proc/net/wireless")
SERIAL = Path("/proc/device-tree/serial-number")
RADIO = Path("/run/nocturne-radio/restarts")        # by image/board/radio.py


def temperature(file: Path = TEMPERATURE) -> float | None:
    """Of the processor, °C; the file has thousandths."""
    try:
        return int(file.read_text()) / 1000
    except (OSError, ValueError):
        return None


def rssi(file: Path = WIRELESS) -> float | None:
    """Of the first Wi-Fi interface, dBm: below two header lines `wlan0: 0000 54. -56. …` are
    status, quality, level."""
    try:
        level = float(file.read_text().splitlines()[2].split()[3])
        return level if level < 0 else None         # some drivers give a level without unit
    except (OSError, ValueError, IndexError):
        return None


def radio_restarts(file: Path = RADIO) -> int | None:
    """How often the Wi-Fi's radio hung, since the start, and its driver was loaded anew."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def serial(file: Path = SERIAL) -> str:
    """Of the board; "" where the firmware tells none."""
    try:
        return file.read_text().strip("\0 \n")
    except (OSError, ValueError):
        return ""


def online(root: Path = NETWORK) -> bool:
    """Whether any interface but the loopback is up."""
    states = (path.read_text().strip() for path in root.glob("*/operstate")
              if path.parent.name != "lo")
    return "up" in states


def read() -> dict[str, float | None]:
    """By the names of the hub's diagnostics."""
    return {"temperature": temperature(), "rssi": rssi(), "radio_restarts": radio_restarts()}
