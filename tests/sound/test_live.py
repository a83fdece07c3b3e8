"""The sound process in the time of the world, through PortAudio into a virtual DAC."""

import contextlib
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from areas.sound.live import Playing, naive, presses, stress
from device.sound.process import EX_TEMPFAIL
from device.values import Panic, Volume
from tests.sound.music import scene


@pytest.fixture
def playing(tmp_path):
    playing = Playing(tmp_path)
    yield playing
    playing.link.close()
    if playing.process.poll() is None:
        playing.process.kill()
    playing.process.wait()


def test_a_scene_is_heard_a_mute_silences_it_and_a_panic_needs_a_new_scene(playing):
    playing.link.send(scene(rain=1.0, music=0.0))
    assert playing.wait(lambda beat: beat.level > 36.0).dose > 0
    playing.link.send(Volume(1.0, muted=True))
    playing.wait(lambda beat: beat.level == -100.0)
    playing.link.send(Volume(1.0))
    playing.wait(lambda beat: beat.level > 36.0)
    playing.link.send(Panic())
    playing.wait(lambda beat: beat.level == -100.0)
    playing.link.send(scene(rain=1.0, music=0.0))
    assert playing.wait(lambda beat: beat.level > 36.0).underruns == 0


@pytest.mark.parametrize(
    "end", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "takes nothing any more"]
)
def test_a_dac_that_ends_the_process_so_that_it_can_start_anew(playing, end):
    playing.link.send(scene(rain=1.0, music=0.0))
    playing.wait(lambda beat: beat.level > 30.0)
    dac = next(int(line) for line in _children(playing.process.pid))
    os.kill(dac, end)
    try:
        assert playing.process.wait(20) == EX_TEMPFAIL
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(dac, signal.SIGKILL)


def test_a_killed_process_that_starts_anew_comes_back_slowly_and_no_louder_than_it_was(playing):
    playing.link.send(Volume(0.9))
    playing.link.send(scene(pink=1.0, music=0.0))
    before = playing.wait(lambda beat: beat.level > 34.0).level
    loud = playing.rig.samples()[-48_000:].astype(float).std()
    playing.process.kill()
    playing.process.wait()
    playing.start()
    # the whole way takes minutes
    assert playing.wait(lambda beat: beat.level > -10.0, 30.0).level < before - 20.0
    heard = playing.rig.samples().astype(float)
    heard = heard[np.flatnonzero(heard.any(axis=1))[0]:]
    # 1.4 steps of 16 bits, of which dither is the most; `loud` is about 144
    assert heard[:24_000].std() < 0.02 * loud


def test_where_allowed_its_memory_is_locked_and_its_threads_go_before_others(playing):
    status = Path(f"/proc/{playing.process.pid}/status").read_text()
    policies = {
        os.sched_getscheduler(int(task.name))
        for task in Path(f"/proc/{playing.process.pid}/task").iterdir()
    }
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pytest.skip("this user may not use SCHED_FIFO")
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    assert os.SCHED_FIFO in policies
    assert int(status.split("VmLck:")[1].split()[0]) > 1000


def _children(pid: int) -> list[str]:
    """Process ids of everything below `pid`, the deepest first."""
    own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for task in Path(f"/proc/{pid}/task").iterdir():
        own += [child for child in (task / "children").read_text().split() if child not in own]
    return [deeper for child in own for deeper in [*_children(int(child)), child]]


def test_without_a_device_it_lives_and_says_so(sound_process, tmp_path):
    (tmp_path / "asound.conf").write_text(
        "pcm.nothing { type null }\npcm.!default { type plug slave.pcm nothing }\n")
    process = sound_process("--device", "no such card",
                            environment={"ALSA_CONFIG_PATH": str(tmp_path / "asound.conf")})
    for _ in range(200):
        beat = process.link.heartbeat()
        if beat:
            break
        time.sleep(0.05)
    assert beat is not None and beat.device == "" and beat.frame == 0
    process.process.terminate()
    process.process.wait(10)
    assert b"no sound device called" in process.process.stderr.read()


@pytest.mark.full
def test_it_never_starves_the_dac_where_a_naive_player_does(tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    figures = stress(tmp_path / "ours", 30.0)
    assert (
        figures["underruns"] == 0 and figures["scipy_imported"] == 0 and figures["rss_mb"] <= 50.0
    )
    assert naive(tmp_path / "theirs", 30.0) > 0


@pytest.mark.full
def test_a_press_is_heard_within_a_tenth_of_a_second(tmp_path):
    unmutes, starts = presses(tmp_path)
    assert np.percentile(unmutes, 99) <= 100.0 and np.percentile(starts, 99) <= 100.0
