"""The morning report's page and chart, by rows as the diary keeps them: what is on it and where."""

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from device.report import chart, report, told
from device.report.wall import Wall

BEGAN = 1_767_218_460.0         # 2025-12-31 22:01 UTC
BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
SVG = "{http://www.w3.org/2000/svg}"


def epoch(number: int, **more) -> dict:
    stage = ("light", "deep", "light", "rem")[number // 40 % 4] if number > 20 else "wake"
    return {"number": number, "time": 100.0 + 30 * (number + 1), "mode": "asleep", "stage": stage,
            "p_asleep": 0.9, "p_wake": 0.1, "p_light": 0.5, "p_deep": 0.2, "p_rem": 0.2,
            "heart_rate": 56.0 + number % 5, "rmssd": 40.0, "breathing": 14.0, "movement": 0.01,
            "level": 0.0, "dose": 0.0, **more}


def decision(at: float, number: int = 1, sentence: str = "rain: a safe start") -> dict:
    recipe = {"name": "rain", "textures": {"rain": 1.0}, "scale": "dorian", "pulse": 50.0,
              "music": 0.5}
    return {"time": at, "moment": "bedtime", "recipe": json.dumps(recipe), "sentence": sentence,
            "contributions": '[["tone", -0.34]]', "propensity": 1.0}


NIGHT = {"id": 1, "began": BEGAN, "lights_out": 100.0, "sums": None}
TABLES = {"epochs": [epoch(n) for n in range(960)], "events": [], "feedback": [],
          "decisions": [decision(100.0 + 60 * n, n) for n in range(12)]}


def page(night=NIGHT, tables=TABLES, zone=BERLIN) -> str:
    return report.page(night, tables, [night], zone)


def drawing(width: float = chart.NARROW, night=NIGHT, zone=BERLIN):
    svg = report.drawn(night, TABLES, Wall.of(night, zone), width=width)
    return ElementTree.fromstring(svg)


def texts(svg) -> list[tuple[float, str]]:
    return [(float(each.get("x")), each.text) for each in svg.iter(f"{SVG}text")]


@pytest.mark.parametrize("zone", [BERLIN, KOLKATA], ids=str)
@pytest.mark.parametrize("width", [chart.WIDE, chart.NARROW])
def test_the_axis_stands_on_full_hours_of_the_sleeper_s_own_clock(zone, width):
    said = [words for _, words in texts(drawing(width, zone=zone))]
    marks = [words for words in said if re.match(r"\d\d:\d\d", words)]
    assert len(marks) >= 4 and all(mark.endswith(":00") for mark in marks), marks


def test_summer_time_s_leap_in_the_night_leaves_the_axis_on_full_hours():
    wall = Wall(1_774_731_600.0, BERLIN)        # 2026-03-28 22:00 CET; at 2:00 it is 3:00
    said = [words for _, words in wall.ticks(0.0, 8.0, 9)]
    assert said == ["22:00", "23:00", "00:00", "01:00", "03:00", "04:00", "05:00", "06:00", "07:00"]


def test_a_night_whose_time_nobody_knew_has_hours_since_lights_out():
    night = {**NIGHT, "began": None}
    assert "1:00" in [words for _, words in texts(drawing(night=night))]
    assert report.page(night, TABLES, [night])


@pytest.mark.parametrize("width", [chart.WIDE, chart.NARROW])
def test_every_flag_is_in_sight_and_none_hides_another(width):
    svg = drawing(width)
    flags = [(float(each.get("cx")), float(each.get("cy"))) for each in svg.iter(f"{SVG}circle")]
    numbers = {words for _, words in texts(svg)} & {str(n) for n in range(1, 13)}
    assert len(flags) == 12 and len(numbers) == 12
    assert all(x - 9 > 0 and x + 9 < width + 1 and y > 9 for x, y in flags)
    for n, (x, y) in enumerate(flags):
        assert all((x - a) ** 2 + (y - b) ** 2 >= 18**2 - 1 for a, b in flags[:n])


@pytest.mark.parametrize("width", [chart.WIDE, chart.NARROW])
def test_no_word_of_the_chart_leaves_it(width):
    for each in drawing(width).iter(f"{SVG}text"):
        size, x = float(each.get("font-size")), float(each.get("x"))
        long = 0.66 * size * len(each.text)     # DejaVu's digits are .64 wide
        left = {"start": x, "middle": x - long / 2, "end": x - long}[each.get("text-anchor")]
        assert left >= -1 and left + long <= width + 1, each.text


def test_each_hour_is_shown_by_itself_and_all_of_the_night_is_in_one():
    html = page()
    assert html.count('class="hour"') == 8 and "23:01 to 00:00" in html
    assert all(f'href="#hour-{n}"' in html and f'id="hour-{n}"' in html for n in range(8))
    short = {**TABLES, "epochs": TABLES["epochs"][:60], "decisions": TABLES["decisions"][:1]}
    assert 'class="hour"' not in page(tables=short), "half an hour is seen well enough"


class Words(HTMLParser):
    """What is in sight before anything is opened."""

    def __init__(self):
        super().__init__()
        self.depth, self.said = 0, []

    def handle_starttag(self, tag, attrs):
        self.depth += tag in ("details", "style", "svg")

    def handle_endtag(self, tag):
        self.depth -= tag in ("details", "style", "svg")

    def handle_data(self, data):
        if not self.depth:
            self.said.append(data)


def test_numbers_of_the_machine_are_a_tap_away():
    words = Words()
    words.feed(page())
    seen = " ".join(words.said)
    assert "rain: a safe start" in seen
    assert "tone" not in seen and "probability" not in seen and "dorian" not in seen
    assert "tone -0.34" in page() and "probability 1.00" in page()


def test_no_number_is_torn_from_its_unit():
    sums = json.dumps({"tib": 480.0, "tst": 440.0, "sol": 12.0, "waso": 20.0, "efficiency": 0.9,
                       "unknown": 0.0, "light": 240.0, "deep": 100.0, "rem": 100.0,
                       "long_wakings": 0, "judged": 1.0, "onset": True})
    words = Words()
    words.feed(page({**NIGHT, "sums": sums}))
    seen = " ".join(words.said)
    assert "7\u00a0h\u00a020\u00a0min" in seen
    assert not re.search(r"\d (min|h|s|ms|%|dBA|/min)\b", seen), seen


def test_heart_and_breathing_are_told_of_sleep_alone():
    body = told.body(TABLES["epochs"])
    assert body == {"heart": "58 /min", "lowest": "58 /min", "rmssd": "40 ms",
                    "breathing": "14.0 /min"}
    dip = [*TABLES["epochs"]]
    dip[500:510] = [epoch(n, heart_rate=48.0) for n in range(500, 510)]
    assert told.body(dip)["lowest"] == "48 /min"
    one = [*TABLES["epochs"]]
    one[500] = epoch(500, heart_rate=20.0)
    assert told.body(one)["lowest"] == "54 /min", "a beat that was missed is no low"
    awake = [epoch(n, stage="wake", heart_rate=30.0) for n in range(100)]
    assert set(told.body(awake).values()) == {"–"}


def test_the_page_says_why_sound_came_back():
    slept = [epoch(n, level=30.0 if n < 60 or 400 <= n < 410 else 0.0) for n in range(960)]
    sums = json.dumps({"tib": 480.0, "tst": 440.0, "sol": 12.0, "waso": 20.0, "efficiency": 0.9,
                       "unknown": 0.0, "long_wakings": 0, "judged": 1.0})
    event = {"time": 100.0 + 30 * 400, "kind": "mode", "detail": "asleep → masking: aroused"}
    lines = told.first_lines({**NIGHT, "sums": sums}, slept, Wall.of(NIGHT, BERLIN).clock, [event])
    assert [line.id for line in lines][-2:] == ["sound.back", "because.aroused"]
    assert lines[-1] == "It came because you seemed to lie awake at 02:21."
    assert "because.aroused" not in [
        line.id for line in told.first_lines({**NIGHT, "sums": sums}, slept, Wall.of(NIGHT).clock)]
