"""The morning report in a real browser: on a phone, in light and dark, by keyboard and screen
reader."""

import base64
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from device.report import report, weeks_page
from device.report.weeks import Belief, Learned
from tests.report.around import keep

pytestmark = pytest.mark.full


@pytest.fixture
def html(sleep, tmp_path):
    """Two nights, the second with a gap of the sensors and a skip."""
    from device.sim.faults import Plan
    sleep(hours=0.1)
    plan = Plan(unplugged=((900.0, 1300.0, 0x57), (900.0, 1300.0, 0x18)))
    slept = sleep(
        hours=0.6, presses=[(300, 0.1), (300.3, 0.1)], faults=plan, wall=1_767_218_400.0 + 86_400
    )
    report.write(slept.path, tmp_path / "report.html")
    return tmp_path / "report.html"


@pytest.fixture(scope="module")
def long_night(tmp_path_factory):
    """Three weeks as busy as nights get: twelve choices in the last, and many events."""
    path = tmp_path_factory.mktemp("weeks") / "diary.sqlite"
    keep(path, 21)
    report.write(path, path.with_name("report.html"))
    return path.with_name("report.html")


@pytest.fixture(scope="module")
def six_weeks(tmp_path_factory):
    path = tmp_path_factory.mktemp("weeks") / "diary.sqlite"
    keep(path, 42)
    beliefs = [Belief(f"slow dark rain {n}", n - 3.0, n - 6.0, float(n), n) for n in range(9)]
    weeks_page.write(path, path.with_name("weeks.html"), 8, Learned(beliefs, "It helps."), None)
    return path.with_name("weeks.html")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["html", "long_night", "six_weeks"])
def test_axe_finds_nothing_wrong_on_a_phone_in_light_and_dark(browser, request, axe, scheme, page):
    browser.scheme(scheme)
    html = request.getfixturevalue(page)
    browser.open(html.as_uri() + ("#hour-2" if page == "long_night" else ""))
    browser.run(axe)
    browser.run(
        "axe.run().then(found => { window.found = JSON.stringify(found.violations.map("
        "v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary])) })"
    )
    from tests.home.around import soon

    assert (
        soon(lambda: browser.run("window.found")) and json.loads(browser.run("window.found")) == []
    )
    assert browser.run("document.documentElement.scrollWidth <= innerWidth"), "wider than a phone"
    if folder := os.environ.get("NOCTURNE_SHOTS"):
        browser.shoot(Path(folder) / f"{page}-{scheme}.png")
    assert not browser.problems


def test_an_hour_can_be_opened_by_keyboard_and_the_chart_is_described(browser, long_night):
    browser.open(long_night.as_uri())
    browser.tab()
    assert browser.run("document.activeElement.textContent").count(":") == 2
    browser.enter()
    from tests.home.around import soon
    assert soon(lambda: browser.run(
        "[...document.querySelectorAll('.hour')].filter(each => each.offsetHeight).length") == 1)
    names = browser.names()
    assert any("night" in name for role, name in names if role == "image"), names
    assert browser.run("document.querySelector('svg desc').textContent").startswith(
        ("Asleep after", "No sleep")
    )


def test_the_whole_night_is_in_sight_on_a_phone(browser, long_night):
    browser.open(long_night.as_uri())
    width = browser.run("document.querySelector('.narrow svg').getBoundingClientRect().right")
    assert 300 < width <= browser.run("innerWidth")
    small = browser.run("Math.min(...[...document.querySelectorAll('.narrow svg text')].map("
                        "each => each.getBoundingClientRect().height))")
    assert small >= 10, "px: text as large as on paper"


def test_on_paper_it_is_one_page_of_a4(browser, long_night):
    browser.open(long_night.as_uri())
    printed = base64.b64decode(browser.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1
    assert re.search(rb"/MediaBox \[0 0 59[45]\S* 84[12]", printed)


def test_it_is_one_file_that_asks_nothing_of_any_network(browser, html, tmp_path):
    (tmp_path / "alone").mkdir()
    alone = shutil.copy(html, tmp_path / "alone" / "report.html")
    browser.open(Path(alone).as_uri())
    assert browser.run("performance.getEntriesByType('resource').length") == 0
    text = browser.run("document.body.innerText")
    for word in (
        "SOL",
        "TST",
        "WASO",
        "SE",
        "TIB",
        "Estimates",
        "could not be judged",
        "LAeq",
        "The last nights",
    ):
        assert word in text, word
    assert not browser.problems
