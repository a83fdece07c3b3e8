"""A hypnogram as an EDF+ file of annotations alone (Kemp & Olivan 2003, Clinical Neurophysiology
114: 1755). Light sleep, N1 and N2 together, stands as N2: EDF+ has no text for both."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from device.report.told import Row
from device.report.wall import Wall
from device.values import EPOCH

TEXTS = {"wake": "Sleep stage W", "light": "Sleep stage N2", "deep": "Sleep stage N3",
         "rem": "Sleep stage R", None: "Sleep stage ?"}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
EQUIPMENT = "Nocturne_light_sleep_as_N2"
UNKNOWN = "01.01.85", "00.00.00"        # where nobody knew the time


def hypnogram(night: Row, epochs: Sequence[Row], wall: Wall) -> bytes:
    """From lights out to the last epoch."""
    lists = b"".join(annotated(*each) for each in annotations(night, epochs))
    record = b"+0\x14\x14\x00" + lists
    record += b"\x00" * (len(record) % 2)
    return header(wall, len(record) // 2) + record


def annotations(night: Row, epochs: Sequence[Row]) -> Iterator[tuple[float, float | None, str]]:
    """(s after lights out, s that it lasts, text)."""
    yield 0.0, None, "Lights off"
    after = 0.0
    for stage, run in groupby(epochs, lambda row: row["stage"]):
        rows = list(run)
        begin = max(rows[0]["time"] - EPOCH - night["lights_out"], after)
        after = rows[-1]["time"] - night["lights_out"]
        yield begin, after - begin, TEXTS[stage]
    yield after, None, "Lights on"


def annotated(onset: float, duration: float | None, text: str) -> bytes:
    """A time-stamped annotation list with one annotation."""
    lasting = f"\x15{duration:.3f}".rstrip("0").rstrip(".") if duration is not None else ""
    begin = f"{onset:+.3f}".rstrip("0").rstrip(".")
    return f"{begin}{lasting}\x14{text}\x14\x00".encode()


def header(wall: Wall, samples: int) -> bytes:
    local = wall.at(0.0)
    date, time = (f"{local:%d.%m.%y}", f"{local:%H.%M.%S}") if local else UNKNOWN
    start = f"{local.day:02}-{MONTHS[local.month - 1]}-{local.year}" if local else "X"
    fields = [
        ("0", 8), ("X X X X", 80), (f"Startdate {start} X X {EQUIPMENT}", 80), (date, 8), (time, 8),
        ("512", 8), ("EDF+C", 44), ("1", 8), ("0", 8), ("1", 4),
        # the one signal: label, transducer, unit, least and most physical, least and most digital,
        # filters, samples a record, reserved
        ("EDF Annotations", 16), ("", 80), ("", 8), ("-1", 8), ("1", 8), ("-32768", 8),
        ("32767", 8), ("", 80), (str(samples), 8), ("", 32),
    ]
    return "".join(text.ljust(width) for text, width in fields).encode("ascii")
