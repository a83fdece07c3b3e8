import wave

import numpy as np
import pytest

from device.errors import SoundError
from device.sound.client import SoundLink
from device.values import Panic, Volume
from tests.sound.music import scene, song


def read_wav(path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (48000, 2, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def night(process, seconds: float = 12.0):
    process.link.advance(100.0)
    process.link.send(scene(rain=0.4))
    process.link.send(song(seconds))
    beats = [process.link.advance(100.0 + 0.25 * (i + 1)) for i in range(int(seconds * 4))]
    assert process.finish() == 0
    return beats


def test_lockstep_writes_what_was_heard_and_twice_the_same(sound_process, tmp_path):
    beats = night(sound_process("--lockstep", "--out", tmp_path / "one.wav", "--monitor", "25"))
    night(sound_process("--lockstep", "--out", tmp_path / "two.wav", "--monitor", "25"))
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()
    samples = read_wav(tmp_path / "one.wav")
    assert len(samples) == beats[-1].frame >= 12 * 48000
    assert 35 < beats[-1].level < 45 and beats[-1].dose > beats[10].dose


def test_what_reaches_the_dac_through_portaudio_is_what_was_rendered(
    sound_process, tmp_path, alsa_capture
):
    environment, raw = alsa_capture
    night(
        sound_process(
            "--lockstep",
            "--out",
            tmp_path / "night.wav",
            "--monitor",
            "25",
            "--through-portaudio",
            environment=environment,
        ),
        6.0,
    )
    file = read_wav(tmp_path / "night.wav")
    dac = np.frombuffer(raw.read_bytes(), "<i2").reshape(-1, 2)
    here = slice(200_000, 200_512)
    offset = min(
        range(-4096, 4097),
        key=lambda d: int(
            np.abs(dac[here.start + d : here.stop + d].astype(int) - file[here]).sum()
        ),
    )
    first, last = max(-offset, 0), min(len(file), len(dac) - offset)
    assert last - first > 5 * 48000
    difference = dac[first + offset:last + offset].astype(int) - file[first:last]
    # each is dithered with a noise of its own, ±1 LSB, and rounded
    assert np.abs(difference).max() <= 4


def test_unheard_time_costs_nothing_and_the_excerpt_joins_softly(sound_process, tmp_path):
    process = sound_process("--lockstep", "--out", tmp_path / "night.wav", "--monitor", "25")
    link = process.link
    link.advance(0.0)
    link.send(scene(rain=1.0, music=0.0))
    link.advance(5.0)
    assert link.advance(3600.0, heard=False).frame >= 3600 * 48000
    link.advance(3605.0)
    process.finish()
    samples = read_wav(tmp_path / "night.wav").astype(float)
    assert 9.5 < len(samples) / 48000 < 10.5
    seam = (
        int(np.argmin([np.abs(samples[i : i + 64]).max() for i in range(48000 * 4, 48000 * 6, 64)]))
        * 64
        + 48000 * 4
    )
    assert (
        np.abs(samples[seam : seam + 64]).max()
        < 40
        < np.abs(samples[seam + 48000 : seam + 49000]).max()
    )


def test_mute_and_panic_are_silent_and_a_new_scene_fades_in(sound_process, tmp_path):
    process = sound_process("--lockstep", "--out", tmp_path / "night.wav", "--monitor", "25")
    link = process.link
    link.advance(0.0)
    link.send(scene(rain=1.0, music=0.0))
    link.advance(4.0)
    link.send(Volume(1.0, muted=True))
    assert link.advance(8.0).level == -100.0
    link.send(Volume(1.0))
    assert link.advance(12.0).level > 35
    link.send(Panic())
    link.advance(14.0)
    link.send(scene(rain=1.0, music=0.0))
    assert link.advance(14.5).level < 30 and link.advance(20.0).level > 35
    process.finish()


def test_garbage_is_counted_and_the_sound_goes_on(sound_process, tmp_path):
    process = sound_process("--lockstep", "--out", tmp_path / "night.wav")
    process.link.advance(0.0)
    process.link._socket.sendall(
        b'{"v":1}\nrubbish\n{"v":9,"kind":"panic"}\n' + b"\xff" * 100 + b"\n"
    )
    assert process.link.advance(1.0).refused == 4
    process.finish()


def test_a_dead_sound_process_is_a_named_state_and_the_night_goes_on(tmp_path):
    link = SoundLink(tmp_path / "nobody.socket")
    assert link.send(Volume(0.5)) is False
    assert link.heartbeat() is None
    assert "not there" in link.state
    with pytest.raises(SoundError, match=r"nobody\.socket"):
        link.advance(1.0)
