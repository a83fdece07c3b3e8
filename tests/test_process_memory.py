"""What a process of the device gives back after its start, and what it never took."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kit.setup import PYTHONPATH

ROOT = Path(__file__).parent.parent
UNMAP = """
import json
from device.compose import load
from device.process_memory import unmap_code
from device.values import Recipe
from kit.memory import resident
recipe, before, after = Recipe(density=0.5), load(1)[0], load(1)[0]
wanted = [before.compose(recipe, None) for _ in range(50)]
full = resident()
unmap_code()
less = resident()
stays = resident() - less < 5.0
same = [after.compose(recipe, None) for _ in range(50)] == wanted
print(json.dumps([full - less, stays, same]))
"""
ALONE = """
import queue, sys
from device.process_memory import do_without_openssl_hashes
do_without_openssl_hashes()
from device.assembly import board
from device.inference import model_card
from device.clock import SystemClock
from device.home.mqtt import Home
from device.home.settings import Settings
model_card.read("stager")
home = Home(Settings(host=sys.argv[1]), queue.SimpleQueue(), SystemClock())
home.start()
home.tell({"session": "idle"})
home.stop()
print(any("libcrypto" in line for line in open("/proc/self/maps")))
"""


def said(script: str, *words: str) -> object:
    done = subprocess.run([sys.executable, "-c", script, *words], cwd=ROOT, check=True,
                          capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": PYTHONPATH})
    return json.loads(done.stdout.splitlines()[-1].lower())


def test_code_that_only_the_start_needed_is_let_go_and_the_music_goes_on_the_same():
    freed, little, same = said(UNMAP)
    assert freed > 10.0 and little and same         # MB


def test_a_bed_without_a_hub_holds_no_openssl_and_one_with_a_hub_does():
    assert said(ALONE, "") is False
    assert said(ALONE, "localhost") is True
