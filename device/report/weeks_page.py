"""The weeks' report: one self-contained HTML file, from the diary and what was learned."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta, tzinfo
from html import escape
from pathlib import Path

from device.report import dates, report, told, weeks
from device.report.chart import Axis, Chart
from device.report.report import CSS_INK, STYLE, shown
from device.report.wall import Wall
from device.report.weeks import Belief, Learned, Slept
from device.sentences import Said, called, label, say

WIDTH = 380             # px of every picture: a phone shows it whole, a desk two beside each other
ROW, HIGH, TOP = 11.0, 96.0, 14.0
MOST = 24               # beliefs in a picture
HOURS = 3600.0
SCALES: Mapping[str, float] = {"sol": 1.0, "tst": 60.0, "waso": 1.0, "heart": 1.0}
MORE = """
:root { --one: 22rem } .pair { display: grid; gap: 1rem 2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, var(--one)), 1fr)) }
.pair svg, .one svg { width: 100%; height: auto; display: block } .one { max-width: 36rem }
@media print { .pair { grid-template-columns: 1fr 1fr; gap: 1mm 6mm } .one { max-width: 110mm }
  .pair svg { max-height: 34mm } .one svg { max-height: 62mm } }
"""


def write(diary: Path, html: Path, count: int, learned: Learned, zone: tzinfo | None) -> None:
    """The report of the last `count` weeks of the diary. Raises DiaryError."""
    report.replace(html, page(list(nights_of(diary, count, zone)), learned).encode())


def nights_of(diary: Path, count: int, zone: tzinfo | None) -> Iterator[Slept]:
    """Those of the last weeks, counted back from the last night, that are over."""
    rows, epochs = report.epochs_of(diary, 7 * count)
    for row in rows:
        if night := weeks.slept(row, epochs[row["id"]], zone):
            yield night


def page(nights: Sequence[Slept], learned: Learned) -> str:
    heading = label("weeks.none")
    if nights:
        first, last = nights[0].evening, nights[-1].evening
        heading = label("weeks.heading", count=len(nights), first=dates.day(first),
                        last=dates.whole(last))
    trends = "".join(trend_of(nights, name) for name in weeks.TRENDS) if nights else ""
    return f"""<!DOCTYPE html>
<html lang="{label("page.language")}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{label("weeks.title")}</title><style>{STYLE}{MORE}</style></head><body><main>
<h1>{escape(heading)}</h1><div class="lines"><p>{shown(regular(nights))}</p></div>
<h2>{label("weeks.nights")}</h2><div class="one">{raster(nights) if nights else ""}</div>
<h2>{label("weeks.trends")}</h2><div class="pair">{trends}</div>
<p class="note">{shown(label("weeks.band"))}</p>
<h2>{label("weeks.trial")}</h2><p>{shown(learned.trial or label("weeks.no-trial"))}</p>
<h2>{label("weeks.learned")}</h2>{believed(learned.beliefs)}
</main></body></html>
"""


def regular(nights: Sequence[Slept]) -> Said:
    index = weeks.regularity(nights)
    bed, up = (weeks.usual([getattr(night, name) for night in nights]) for name in ("bed", "up"))
    return say("regular", {"known": index is not None, "times": bed is not None and up is not None},
               index=index, bed=clock(bed), up=clock(up), bed_spread=give(bed), up_spread=give(up))


def clock(known: tuple[float, float] | None) -> str:
    if known is None:
        return ""
    minutes = round(60 * known[0]) % weeks.MINUTES
    return f"{minutes // 60:02}:{minutes % 60:02}"


def give(known: tuple[float, float] | None) -> str:
    return told.minutes(60 * known[1]) if known else ""


# ---- pictures ------------------------------------------------------------------------------------

def raster(nights: Sequence[Slept]) -> str:
    """A line a night, from noon to noon as far as anybody was in bed; sleep is darker."""
    spans = [(weeks.after_noon(night.bed), night) for night in nights]
    first = min(begin for begin, _ in spans)
    last = max(begin + (night.end - night.start) / HOURS for begin, night in spans)
    noon = Wall(nights[0].start - HOURS * weeks.after_noon(nights[0].bed), nights[0].zone)
    chart = Chart(Axis(first, last, noon.ticks(first, last, 8)), CSS_INK, WIDTH)
    bottom = TOP + ROW * len(spans)
    for line, (begin, night) in enumerate(spans):
        y = TOP + ROW * line
        chart.rect(begin, begin + (night.end - night.start) / HOURS, y, ROW - 3, "gap")
        for start, end in night.asleep:
            a, b = (begin + (time - night.start) / HOURS for time in (start, end))
            chart.rect(a, b, y, ROW - 3, "deep")
        if line % 7 == 0:
            chart.text(chart.x(first) - 6, y + 8, dates.short(night.evening), "end", "faint", 11)
    for hour, words in noon.ticks(first, last, 8):
        chart.line(chart.x(hour), TOP, chart.x(hour), bottom, dash="2 4")
        chart.text(chart.x(hour), bottom + 14, words, "middle", "faint", 11)
    return chart.svg(bottom + 22, label("weeks.nights-axis"), "")


def trend_of(nights: Sequence[Slept], name: str) -> str:
    found, scale = weeks.series(nights, name), SCALES[name]
    title, words = label(f"weeks.{name}"), trend_words(name, weeks.trend(found))
    chart = Chart(Axis(-0.5, max(found[-1][0] if found else 0.0, 1.0) + 0.5, ()), CSS_INK, WIDTH)
    if found:
        low = min(each.low for _, each in found) / scale
        high = max(each.high for _, each in found) / scale
        low, high = low - 0.05 * (high - low) - 0.1, high + 0.05 * (high - low) + 0.1

        def y(value: float) -> float:
            return TOP + HIGH * (1 - (value / scale - low) / (high - low))
        if band := weeks.normal(found):
            chart.rect(-0.5, chart.last, y(band[1]), y(band[0]) - y(band[1]), "light", 0.22)
        for past, each in found:
            chart.line(chart.x(past), y(each.low), chart.x(past), y(each.high), "faint")
            chart.parts.append(f'<circle cx="{chart.x(past):.1f}" cy="{y(each.value):.1f}" r="2.6" '
                               f'fill="{CSS_INK["ink"]}"/>')
        chart.text(38, TOP + 8, f"{high:.3g}", "end", "faint", 11)
        chart.text(38, TOP + HIGH, f"{max(low, 0.0):.3g}", "end", "faint", 11)
        for past in range(0, int(found[-1][0]) + 1, 7 if found[-1][0] < 60 else 28):
            below = dates.short(nights[0].evening + timedelta(days=past))
            chart.text(chart.x(past), TOP + HIGH + 14, below, "middle", "faint", 11)
    chart.line(44, TOP + HIGH, WIDTH - 18, TOP + HIGH)
    svg = chart.svg(TOP + HIGH + 20, title, words)
    return f"<section><h3>{shown(title)}</h3>{svg}<p>{shown(words)}</p></section>"


def trend_words(name: str, found: weeks.Trend | None) -> Said:
    unit = "unit.rate" if name == "heart" else "unit.min"
    facts = {"enough": found is not None, "up": found is not None and found.low > 0,
             "down": found is not None and found.high < 0}
    change = found or weeks.Trend(0.0, 0.0, 0.0)
    week, low, high = (label(unit, value=f"{value:+.1f}".replace("-", "−"))
                       for value in (change.week, change.low, change.high))
    size = label(unit, value=f"{abs(change.week):.1f}")
    return say("trend", facts, week=size, change=week, low=low, high=high)


def believed(beliefs: Sequence[Belief]) -> str:
    if not any(each.nights for each in beliefs):
        return f"<p>{label('weeks.learned-none')}</p>"
    told_of = sorted(beliefs, key=lambda each: (-bool(each.nights), -each.minutes))[:MOST]
    ordered = sorted(told_of, key=lambda each: -each.minutes)
    low, high = min(-1.0, *(each.low for each in ordered)), max(
        1.0, *(each.high for each in ordered))
    left, row = 150.0, 17.0
    bottom = TOP + row * len(ordered)
    chart = Chart(Axis(low, high, ()), CSS_INK, WIDTH)

    def x(minutes: float) -> float:
        return left + (WIDTH - left - 18) * (minutes - low) / (high - low)
    chart.line(x(0.0), TOP - 4, x(0.0), bottom, "faint", "2 4")
    for place, each in enumerate(ordered):
        y = TOP + row * (place + 0.5)
        words = label("weeks.played", name=called(each.name), nights=each.nights)
        chart.text(left - 8, y + 4, words, "end", "ink" if each.nights else "faint", 11)
        chart.line(x(each.low), y, x(each.high), y, "light" if each.nights else "line")
        chart.parts.append(
            f'<circle cx="{x(each.minutes):.1f}" cy="{y:.1f}" r="{3.2 if each.nights else 2:g}" '
            f'fill="{CSS_INK["deep" if each.nights else "faint"]}"/>')
    for mark in marks(low, high):
        chart.text(x(mark), bottom + 14, f"{mark:+g}" if mark else "0", "middle", "faint", 11)
    svg = chart.svg(bottom + 20, label("weeks.learned-axis"), "")
    return f'<div class="one">{svg}</div><p class="note">{shown(label("weeks.learned-note"))}</p>'


def marks(low: float, high: float) -> list[float]:
    step = next((step for step in (1, 2, 5, 10, 20) if (high - low) / step <= 6), 50)
    return [step * n for n in range(-200, 201) if low <= step * n <= high]
