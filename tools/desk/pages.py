"""From a press on the page to the bed's own answer: a real browser, broker and night."""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.home.hub.web import Page
from kit.chromium import Chromium, find
from kit.mosquitto import Mosquitto, free_port
from kit.waiting import soon

NIGHT = Path(__file__).resolve().parents[1] / "night"
# In the page itself: how long from a click to the bed's own word beside the control, ms.
MEASURE = """
window.times = [];
(async () => {
  const control = document.getElementById("identify");
  const place = control.closest("section").querySelector(".outcome");
  for (let n = 0; n < %d; n++) {
    const begun = performance.now();
    const answered = new Promise(resolve => {
      const watch = new MutationObserver(() => {
        if (!place.querySelector(".done")) return;
        watch.disconnect();
        resolve();
      });
      watch.observe(place, { childList: true, subtree: true });
    });
    control.click();
    await answered;
    window.times.push(performance.now() - begun);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
})();
"""


def run(options: argparse.Namespace) -> int:
    if find() is None:
        print("tools/swarm page: chromium is missing (apt-get install chromium)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, beds_page(Path(folder)) as browser:
        browser.run(MEASURE % options.presses)
        soon(lambda: browser.run("window.times.length") == options.presses, 2.0 * options.presses)
        times = browser.run("window.times")
    figures = {"presses": len(times), "median_ms": float(np.percentile(times, 50)),
               "p99_ms": float(np.percentile(times, 99))}
    print(json.dumps(figures) if options.json else "\n".join(
        f"{key:28}{value:>12g}" for key, value in figures.items()))
    return 0 if len(times) == options.presses else 1


@contextlib.contextmanager
def beds_page(folder: Path) -> Iterator[Chromium]:
    """A browser in front of the page of a simulated bed."""
    sockets = free_port()
    broker = Mosquitto(
        folder / "broker", f"listener {sockets} 127.0.0.1\nprotocol websockets\n").start()
    page = Page(0, "127.0.0.1")
    page.start()
    night = subprocess.Popen(
        [sys.executable, NIGHT, "--hub", f"127.0.0.1:{broker.port}", "--hours", "2",
         "--build", "none", "--out", folder / "night"], stdout=subprocess.DEVNULL)
    browser = Chromium(folder / "profile")
    try:
        browser.open(f"http://127.0.0.1:{page.port}/#bedside")
        browser.run("document.querySelector('[name=address]').value = "
                    f"'ws://127.0.0.1:{sockets}'; document.getElementById('enter').requestSubmit()")
        if not soon(lambda: browser.run("document.getElementById('bed').dataset.life") == "live",
                    60):
            raise RuntimeError("the simulated bed doesn't come")
        yield browser
    finally:
        browser.close()
        night.terminate()
        night.wait(20)
        page.stop()
        broker.stop()
