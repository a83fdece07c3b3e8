"""The shipped network: what training saw is what the board feeds, and what was asked for is heard
in its opinion."""

import hashlib
import json
from argparse import Namespace

import numpy as np
import pytest

from areas.composer import evaluate as area
from device.compose import midi, style
from device.compose import tokens as tk
from device.compose.contexts import FIELDS, SHORT, Echo, Memory
from device.compose.rnn import INPUTS, RNN
from device.compose.tokens import Tick
from device.compose.transcription import Heard
from device.inference import model_card
from device.values import SCALES, STYLES, Note

NOBODY = np.zeros(tk.STYLE_SIZE, np.float32)


def test_the_card_tells_the_model_and_credits_every_cc_by_maintainer():
    facts = json.loads((model_card.MODELS / "composer.json").read_text())
    model = (model_card.MODELS / facts["file"]).read_bytes()
    assert hashlib.sha256(model).hexdigest() == facts["sha256"] and len(model) <= 1_000_000
    assert tuple(facts["inputs"]) == INPUTS and set(STYLES) <= set(facts["styles"])
    assert len(facts["cc_by"]) == 47 and all(
        row["maintainer"] and row["licence"] for row in facts["cc_by"]
    )


def test_an_opinion_is_on_the_next_token_and_carries_its_state():
    rnn = RNN.load()
    rnn.condition(np.zeros(len(tk.CONDITIONS), np.float32), NOBODY)
    rnn.push(tk.BOS)
    first = rnn.logits().copy()
    rnn.push(tk.END)
    assert first.shape == (tk.VOCABULARY,) and np.isfinite(first).all()
    assert not np.allclose(first, rnn.logits())
    rnn.push(tk.END)
    second = rnn.logits().copy()
    rnn.push(tk.END)
    assert not np.array_equal(second, rnn.logits())


def test_asking_for_a_mode_leans_the_chords_to_it():
    rnn, start = RNN.load(), None
    start = rnn.snapshot()
    thirds = {}
    for scale in ("ionian", "aeolian"):
        rnn.restore(start)
        rnn.condition(tk.conditions(scale, 1.0, 0, 0.3, 0.2, 0.0, 0.0), NOBODY)
        rnn.push(tk.BOS)
        # minor against major tonic
        thirds[scale] = rnn.logits()[tk.CHORD + 1] - rnn.logits()[tk.CHORD]
    assert thirds["aeolian"] > thirds["ionian"] + 0.3


def test_a_style_changes_the_opinion_and_points_between_are_between():
    rnn = RNN.load()
    start, opinions = rnn.snapshot(), {}
    for name in ("folk", "piano"):
        rnn.restore(start)
        rnn.condition(np.zeros(len(tk.CONDITIONS), np.float32), rnn.styles[name])
        rnn.push(tk.BOS)
        opinions[name] = rnn.logits().copy()
    assert np.abs(opinions["folk"] - opinions["piano"]).max() > 0.05
    half = style.morph(rnn.styles, "folk*1+piano*1")
    np.testing.assert_allclose(half, (rnn.styles["folk"] + rnn.styles["piano"]) / 2, atol=1e-6)
    with pytest.raises(KeyError):
        style.morph(rnn.styles, "polka")


def test_any_music_has_a_style_near_its_own_kind():
    def walk(step):
        ticks = tuple(
            Tick(0 if i % 4 == 0 else None, 2, 1, 1,
                 ((0, 1, i * step % 12), (2, 1, (i * step + 2) % 12)))
            for i in range(80)
        )
        return Heard(ticks, 0, "ionian", 60)
    a, b = style.encode(walk(1)), style.encode(walk(2))
    assert a.shape == (tk.STYLE_SIZE,) and np.isfinite(a).all()
    assert np.linalg.norm(a - b) < 3


def test_an_echo_is_what_followed_the_last_time():
    echo = Echo(SHORT)
    for token in (1, 2, 3, 4, 5, 6, 9, 1, 2, 3, 4, 5):
        echo.push(token)
    assert echo.next() == 6
    memory = Memory(echoes=False)
    memory.push(tk.BOS)
    assert len(memory.fields()) == len(FIELDS)
    assert set(memory.fields()[5:]) == {tk.BOS}


def test_figures_are_measured_on_any_folder_and_what_is_absent_is_null(tmp_path):
    rng = np.random.default_rng(1)
    for number in range(4):
        pitch, notes = 60, []
        for beat in range(80):
            pitch = int(np.clip(pitch + rng.choice((-4, -2, -1, 2, 3)), 55, 76))
            notes += [Note(float(beat), pitch, 1.0, 0.5, "piano")]
            notes += [
                Note(float(beat), 48 + step, 4.0, 0.5, "pad") for step in (0, 4, 7) if beat % 4 == 0
            ]
        midi.write(tmp_path / f"piece{number}.mid", notes)
    options = Namespace(seeds=3, recipes=7, minutes=1.0, hours=0.2, only_ours=False)
    result = json.loads(area.evaluate(tmp_path, None, options).to_json())
    figures = result["figures"]
    assert figures["jsb_nll"] is None and figures["tick_nll"] > 0 and 0 < figures["overlap"] < 1
    assert set(area.required()) <= set(figures) and {"rules", "markov", "people"} <= set(
        result["peers"]
    )
    assert result["peers"]["rules"]["rho_density"] > 0.8 and figures["rho_density"] > 0.8
    assert len(SCALES) == 7
