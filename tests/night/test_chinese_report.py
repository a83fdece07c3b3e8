"""The reports of a night that was slept in Chinese: nothing of them is left in English."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from statistics import NormalDist

import pytest

from device.config import Config
from device.diary import everything
from device.recommend.n_of_1 import sentence
from device.report import report, weeks_page
from device.report.weeks import Belief, Learned
from device.sentences import speak
from device.sim.faults import Plan
from tests.report.around import keep

# What Chinese writes as it is: the terms of the AASM manual and of sound, and names.
AS_THEY_ARE = {"AASM", "SOL", "TST", "WASO", "SE", "TIB", "N1", "N2", "N3", "R", "REM", "RMSSD",
               "dBA", "LAeq", "m", "s", "Nocturne"}


class Seen(HTMLParser):
    """What is read or heard of a page, pictures and what is folded up included."""

    def __init__(self, page: str):
        super().__init__()
        self.style, self.texts = False, []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.style |= tag == "style"
        self.texts += [text for name, text in attrs if name in ("aria-label", "title", "alt")]

    def handle_endtag(self, tag):
        self.style &= tag != "style"

    def handle_data(self, data):
        if not self.style:
            self.texts.append(data)


def english(page: str, quoted=()) -> set[str]:
    texts = [text for text in Seen(page).texts if text not in quoted]
    return {word for text in texts for word in re.findall(r"[A-Za-z][A-Za-z0-9]*", text)
            } - AS_THEY_ARE


@pytest.fixture
def night(sleep):
    """With a gap of the sensors and a skip."""
    settings = Config()
    plan = Plan(unplugged=((900.0, 1300.0, 0x57), (900.0, 1300.0, 0x18)))
    yield sleep(
        hours=0.7, presses=[(300, 0.1), (300.3, 0.1)], faults=plan,
        config=replace(settings, night=replace(settings.night, language="zh")),
    ).path
    speak("en")


def test_a_night_s_page_has_no_english_in_it(night, tmp_path):
    report.write(night, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    chips = {row["detail"] for row in everything(night)["events"] if row["kind"] == "sensors"}
    assert english(page, chips) == set()
    assert re.search(r"<h1>\d{4}年\d+月\d+日 星期.</h1>", page) and 'lang="zh"' in page


def test_what_tonight_plays_is_called_in_chinese_where_its_reason_is_told(night):
    told = [row["sentence"] for row in everything(night)["decisions"]]
    assert told and not [line for line in told if re.search("[A-Za-z]", line)], told
    names = {json.loads(row["recipe"])["name"] for row in everything(night)["decisions"]}
    assert all(re.fullmatch("[a-z ]+", name) for name in names), "a key stays what it is"


@pytest.fixture
def chinese():
    speak("zh")
    yield
    speak("en")


def test_the_weeks_page_has_no_english_in_it(chinese, tmp_path):
    keep(tmp_path / "diary.sqlite", 21)
    beliefs = [Belief("slow dark rain", 3.0, 1.0, 5.0, 8), Belief("silence", 0.0, 0.0, 0.0, 4),
               Belief("deep night", -1.0, -6.0, 4.0, 0), Belief("rain alone", 1.0, -2.0, 4.0, 2)]
    trial = str(sentence(NormalDist(4.0, 2.0), 7, 6))
    weeks_page.write(tmp_path / "diary.sqlite", tmp_path / "w.html", 8, Learned(beliefs, trial),
                     None)
    page = (tmp_path / "w.html").read_text(encoding="utf-8")
    assert english(page) == set()
    assert "缓慢低沉雨声（8）" in page and re.search(r"\d+月\d+日 至 2026年\d+月\d+日", page)


def test_a_number_stays_beside_its_unit_in_chinese(chinese, tmp_path):
    keep(tmp_path / "diary.sqlite", 2)
    report.write(tmp_path / "diary.sqlite", tmp_path / "r.html")
    seen = " ".join(Seen((tmp_path / "r.html").read_text(encoding="utf-8")).texts)
    assert re.search(r"\d\u00a0小时\u00a0\d\d\u00a0分钟", seen)
    assert not re.search(r"\d (小时|分钟|秒|毫秒|次/分钟)", seen), seen
