"""aarch64 instructions per second of REF16. Two durations are run and subtracted, so that start-up
and table making don't count."""

import tempfile
from pathlib import Path

from kit import qemu

FIRST, LAST = 26, 32        # s: all voices have come in
CODE = qemu.BEFORE + """
from pathlib import Path
from device.sound.settings import RATE
from areas.sound.ref16 import engine
graphs, block, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
playing = engine(graphs, block)
for _ in range(int(seconds * RATE / block)):
    playing.render()
"""


def measure(graphs: Path, block: int = 4096) -> float:
    """Instructions per audio-second."""
    root = qemu.prepare()
    with tempfile.TemporaryDirectory() as folder:
        counter = qemu.plugin(Path(folder))
        first, last = (qemu.count(counter, root, CODE, [str(graphs), str(block), str(seconds)])
                       for seconds in (FIRST, LAST))
    return (last - first) / (LAST - FIRST)
