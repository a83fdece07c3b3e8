"""`tools/calibrate`, as somebody with a sound level meter uses it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from areas.sound.measures import IEC_61672

ROOT = Path(__file__).resolve().parents[2]


def calibrate(
    *flags: str, said: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "calibrate", *flags],
        input=said,
        text=True,
        timeout=60,
        capture_output=True,
        env={**os.environ, "NOCTURNE_NO_SETUP": "1", **(environment or {})},
    )


def pink_as_weighed() -> float:
    """dB(A) re the plain level of pink noise of 30 Hz to 16 kHz, from the standard's table."""
    # pink: as much power in each octave
    octaves = np.linspace(np.log2(30.0), np.log2(16_000.0), 2000)
    table = np.interp(octaves, np.log2(list(IEC_61672)), [row[0] for row in IEC_61672.values()])
    return 10 * np.log10(np.mean(10 ** (table / 10)))


def test_the_answer_explains_the_meter():
    done = calibrate("--level", "-30", "--reading", "52")
    found = float(done.stdout.split("calibration = ")[1].split()[0])
    assert -30.0 + pink_as_weighed() + found == pytest.approx(52.0, abs=0.15)


def test_a_reading_that_no_bedside_loudspeaker_gives_is_refused():
    done = calibrate("--level", "-50", "--reading", "110")
    assert done.returncode == 1 and "measure again" in done.stderr


@pytest.mark.parametrize("level", ["5", "-70", "nan"])
def test_a_reading_at_a_level_that_was_never_played_is_refused(level):
    done = calibrate("--reading", "45", "--level", level)
    assert done.returncode == 2 and "must be from -60 to -15" in done.stderr


def test_the_noise_is_as_quiet_as_it_says_and_a_plus_raises_it(alsa_capture):
    environment, raw = alsa_capture
    done = calibrate("--seconds", "5", said="+\n50\n", environment=environment)
    assert done.returncode == 0 and "calibration = " in done.stdout
    # the louder one: a file begins anew
    played = np.frombuffer(raw.read_bytes(), "<i2").reshape(-1, 2) / 32768
    # two seconds of fade on either side
    middle = played[len(played) // 2 - 20_000:len(played) // 2 + 20_000]
    assert 20 * np.log10(middle.std()) == pytest.approx(-45.0, abs=0.5)
