"""Record, replay and doctor, as a person runs them: on simulated chips."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from desk import diagnosis
from device.assembly.desk import Desk, body
from device.clock import VirtualClock
from device.hardware.bus_tape import Tape, TapedSensors
from device.sim.bus import SimBus
from device.sim.faults import FaultyBus, Plan, Wanted

ROOT = Path(__file__).resolve().parents[2]


def tool(name, *arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / name, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "NOCTURNE_NO_SETUP": "1", "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def night(path, minutes, **faults):
    """A judged night that was taped meanwhile, and what it decided."""
    from kit.raw import judged
    rng = np.random.default_rng(9)
    clock = VirtualClock()
    chips, tick = body(Desk(path.parent, 1.0, 5, build="clip", skew=0.02), clock)
    plan = Plan.drawn(
        rng, 60 * minutes - 20, [chip.address for chip in chips], Wanted(**faults), start=10.0
    )
    sensors = TapedSensors(
        path, SimBus(chips, clock, FaultyBus(plan, chips, rng)), clock, tick=tick, seed=5
    )
    decided = judged(sensors, clock, tick, 60.0 * minutes, seed=5)
    sensors.close()
    return decided


@pytest.mark.parametrize(
    "minutes, faults",
    [
        (4, {"transfers": 0.01, "resets": 2, "stuck": 1}),
        pytest.param(
            480,
            {"transfers": 0.01, "resets": 6, "unplugged": 2, "stuck": 3},
            marks=pytest.mark.full,
        ),
    ],
)
def test_a_night_replayed_takes_the_same_decisions(tmp_path, minutes, faults):
    from kit.raw import played
    decided = night(tmp_path / "night.tape", minutes, **faults)
    again = played(Tape(tmp_path / "night.tape"), seed=5)
    assert len(decided) >= 2 * minutes - 2
    assert again == decided[:len(again)] and len(decided) - len(again) <= 1
    assert any(decision["heart_rate"] for decision in decided)
    assert (tmp_path / "night.tape").stat().st_size < 60e6 * minutes / 480 + 1e5


def test_record_and_replay_from_the_command_line(tmp_path):
    code, said, trouble = tool(
        "record", "--simulated", "--hours", 0.03, "--out", tmp_path / "night.tape"
    )
    assert code == 0, trouble
    assert "ADXL355 at 0x1d" in said and "MB" in said
    code, said, trouble = tool("replay", tmp_path / "night.tape", "--json")
    assert code == 0, trouble
    assert [json.loads(line)["time"] for line in said.splitlines()] == [30.0, 60.0, 90.0]


def test_replay_names_what_it_cannot_read(tmp_path):
    (tmp_path / "not.tape").write_text("hello")
    code, _, trouble = tool("replay", tmp_path / "not.tape")
    assert code == 1 and "not.tape: isn't a tape" in trouble and "Traceback" not in trouble


def test_record_without_a_bus_says_how_to_get_one(tmp_path):
    code, _, trouble = tool("record", "--bus", 77, "--out", tmp_path / "night.tape")
    assert (
        code == 1
        and "/dev/i2c-77" in trouble
        and "dtparam=i2c_arm=on" in trouble
        and "Traceback" not in trouble
    )


@pytest.mark.parametrize("name, asked, said", [
    ("listen", ("pad", "--seconds", -3), "--seconds: -3: must be from 1 to 3600"),
    ("listen", ("pad", "--seed", -1), "--seed: -1: must be 0 or more"),
    ("listen", ("pad", "--out", "/dev/null"), "/dev/null: can't be a folder"),
    ("calibrate", ("--empty-bed", "--simulated", "--minutes", "nan"), "--minutes: nan: must be"),
    ("evaluate", ("vitals", "--data", "/dev/null"), "/dev/null: there is no such folder"),
])
def test_what_cannot_be_meant_is_answered_in_a_line(name, asked, said):
    code, _, trouble = tool(name, *asked)
    assert code == 2 and said in trouble and "Traceback" not in trouble


def test_doctor_tells_of_a_healthy_bed():
    code, said, trouble = tool("doctor", "--simulated", "--json")
    assert code == 0, trouble
    told = json.loads(said)
    chip, = told["chips"]
    assert chip["chip"] == "ADXL355"
    assert told["answers"] == {"0x1d": "ADXL355 or ADXL357"} and told["findings"] == []
    assert chip["rate"] == pytest.approx(62.5, rel=1e-3) and chip["lost"] == 0
    # Data sheet: 22.5 µg/√Hz over half the rate; the quietest axis has the least of the heart.
    assert min(chip["noise"]) == pytest.approx(22.5e-6 * 9.80665 * 31.25 ** 0.5, rel=0.2)
    assert np.linalg.norm(chip["mean"]) == pytest.approx(9.81, abs=0.1)


def test_doctor_names_a_remedy_for_everything_it_finds(tmp_path):
    np.savez(tmp_path / "off.npz", fs=40.0, ppg=np.full((2, 4000), 200, np.uint16),
             acc_g=np.random.default_rng(1).normal([[0], [0], [2]], 0.05, (3, 4000)))
    code, said, trouble = tool("doctor", "--recording", tmp_path / "off.npz", "--json")
    assert code == 0, trouble
    findings = json.loads(said)["findings"]
    assert all(item["remedy"] for item in findings)
    text = " ".join(item["finding"] for item in findings)
    for wrong in (
        "nothing on the sensor",
        "instead of gravity",
        "times the data sheet",
        "40.0 Hz instead of 50",
    ):
        assert wrong in text


def test_doctor_without_chips_or_bus_says_what_to_check():
    code, said, _ = tool("doctor", "--simulated", "--build", "none")
    assert code == 1 and "nobody answers" in said and "wiring" in said
    code, said, _ = tool("doctor", "--bus", 77)
    assert code == 1 and "dtparam=i2c_arm=on" in said


class Wire:
    """A bus with no chip: SDA at ground reads as an acknowledgement of zeros, a clock at ground
    ends in the controller's ETIMEDOUT, and lines that are swapped or open as nobody (EREMOTEIO)."""

    def __init__(self, number):
        self.number = number

    def read_byte(self, address):
        if self.number:
            raise OSError(self.number, "no")
        return 0

    def i2c_rdwr(self, *messages):
        self.read_byte(messages[0].addr)


@pytest.mark.parametrize(("number", "finding", "remedy"), [
    (0, "every address answers", "SDA lies at ground"),
    (errno.EREMOTEIO, "nobody answers", "swapped"),
    (errno.ETIMEDOUT, "bus is stuck", "take the power off"),
])
def test_doctor_tells_wires_apart(number, finding, remedy):
    told = diagnosis.examine("a bus", Wire(number), VirtualClock(), 0.5, 2.0,
                             {"ppg": "auto", "motion": "auto"}, board=False)
    said = [f"{each.finding}; {each.remedy}" for each in told.findings]
    assert any(finding in words and remedy in words for words in said), said


def test_a_bed_with_somebody_in_it_is_not_learnt_as_empty(tmp_path):
    code, _, trouble = tool("calibrate", "--empty-bed", "--simulated", "--minutes", 5,
                            "--out", tmp_path / "bed.json")
    assert code == 1 and "nothing was stored" in trouble and not (tmp_path / "bed.json").exists()


def test_an_empty_bed_is_learnt_and_doctor_names_the_remedy(tmp_path):
    """An air pump: a thump of 6 Hz each second, 20 mm/s²."""
    t = np.arange(int(320 * 62.5)) / 62.5
    thump = 0.02 * np.exp(-(t % 1.0) / 0.1) * np.sin(2 * np.pi * 6 * (t % 1.0))
    motion = np.random.default_rng(1).normal(0, 0.0012, (3, len(t))) + [[0], [0], [9.80665]]
    np.savez(tmp_path / "pump.npz", fs=62.5, acc_g=(motion + thump) / 9.80665)
    bed = ("--recording", tmp_path / "pump.npz")
    code, said, trouble = tool("doctor", *bed, "--json")
    findings = [item for item in json.loads(said)["findings"] if item["about"] == "bed"]
    assert code == 0 and len(findings) == 1, trouble
    assert "60 times a minute" in findings[0]["finding"]
    assert "calibrate --empty-bed" in findings[0]["remedy"]
    code, said, trouble = tool("calibrate", "--empty-bed", *bed, "--minutes", 5,
                               "--out", tmp_path / "bed.json")
    assert code == 0 and "60 times a min" in said, trouble
    assert json.loads((tmp_path / "bed.json").read_text())["rates"] == pytest.approx([60], abs=0.5)


def test_plot_marks_the_beats_of_a_simulated_body(tmp_path):
    code, said, trouble = tool(
        "plot",
        "--simulated",
        "--build",
        "clip",
        "--start",
        300,
        "--seconds",
        10,
        "--out",
        tmp_path / "signal.svg",
    )
    assert code == 0, trouble
    svg = (tmp_path / "signal.svg").read_text()
    assert svg.count("<polyline") == 5                          # red, infrared, x, y, z
    assert 6 <= svg.count('stroke-opacity="0.45"') <= 17        # 40 to 100 beats/min
