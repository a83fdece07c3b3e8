"""aarch64 instructions per second of REF16, of a full programme and of each texture. Two durations
are run and subtracted, so that start-up and table making don't count."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from device.textures import TEXTURES
from kit import aarch64, qemu

SPAN = 6                    # s
REF16 = """
from areas.sound.ref16 import engine
playing = engine(Path(sys.argv[2]), 4096)
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

        return {
            "instructions_per_s": each_second(REF16, 26, [str(graphs)]),
            "programme.instructions_per_s": aarch64.alone("sound"),
            **{f"texture.{name}.instructions_per_s": each_second(TEXTURE, 2, [name])
               for name in TEXTURES},
        }
