"""aarch64 instructions per second of REF16, of a full programme and of each texture. Two durations
are run and subtracted, so that start-up and table making don't count."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from device.textures import TEXTURES
from kit import qemu

SPAN = 6                    # s
REF16 = """
from areas.sound.ref16 import engine
playing = engine(Path(sys.argv[2]), 4096)
for _ in range(blocks):
    playing.render()
"""
# The fullest there is: two textures, and long notes under struck ones.
PROGRAMME = """
from device.sound.engine import Engine
from device.sound.settings import Settings
from device.values import Note, Phrase, Scene
playing = Engine(Settings(speaker=sys.argv[2]))
playing.scene(Scene({"rain": 0.8, "wind": 0.3}, 0.7, 0.35, 0.0, 2.0, breath=6.0))
chord = ((50, "drone"), (57, "pad"), (62, "pad"), (66, "pad"), (69, "pad"))
notes = [Note(6.0 * i, pitch, 7.0, 0.5, voice) for i in range(8) for pitch, voice in chord]
notes += [Note(1.5 * i, 74 + i % 5, 2.0, 0.4, ("piano", "bell")[i % 2]) for i in range(32)]
playing.phrase(Phrase(48.0, tuple(notes)), 0)
for _ in range(blocks):
    playing.render()
"""
TEXTURE = """
from device.sound.textures import Texture
playing = Texture(sys.argv[2], 1)
for _ in range(blocks):
    playing.next(4096, 0.35)
"""
BEFORE = qemu.BEFORE + """
from pathlib import Path
from device.sound.settings import RATE
blocks = int(float(sys.argv[1]) * RATE / 4096)
"""


def measure(graphs: Path) -> dict[str, float]:
    """Instructions per audio-second. REF16's from 26 s on: all voices have come in."""
    root = qemu.prepare()
    with tempfile.TemporaryDirectory() as folder:
        counter = qemu.plugin(Path(folder))

        def each_second(code: str, first: int, words: Sequence[str] = ()) -> float:
            short, long = (qemu.count(counter, root, BEFORE + code, [str(seconds), *words])
                           for seconds in (first, first + SPAN))
            return (long - short) / SPAN

        figures = {"instructions_per_s": each_second(REF16, 26, [str(graphs)]),
                   "programme.instructions_per_s": each_second(PROGRAMME, 12, ["mono"]),
                   "programme.instructions_per_s_pair": each_second(PROGRAMME, 12, ["pair"])}
        return figures | {
            f"texture.{name}.instructions_per_s": each_second(TEXTURE, 2, [name])
            for name in TEXTURES
        }
