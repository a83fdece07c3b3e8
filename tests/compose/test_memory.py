"""Motifs come back varied, nothing else comes back at all, and feedback moves only a little."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.compose import RulesComposer
from device.compose.motifs import Motifs, to_pitch, to_step, vary
from device.compose.repeat_filter import ONSETS, WINDOW, Repeats, error_rate
from device.compose.taste import STYLE_TRUST, TRUST, Taste
from device.compose.theory import DEGREES
from device.values import Recipe


@given(st.integers(24, 100), st.integers(0, 11), st.sampled_from(sorted(DEGREES)))
def test_a_pitch_of_the_scale_survives_being_a_step(pitch, tonic, scale):
    if (pitch - tonic) % 12 in DEGREES[scale]:
        assert to_pitch(to_step(pitch, tonic, scale), tonic, scale) == pitch


def test_a_given_motif_returns_and_can_be_recognized():
    line = ((0, 0), (2, 2), (4, 4), (6, 3), (8, 1))
    composer = RulesComposer(4)
    composer.give_motif(line)
    returns, singing = [], ""
    for _ in range(400):
        phrase = composer.compose(Recipe(density=0.5, scale="ionian"), None)
        if phrase.section.startswith("motif 1"):
            if phrase.section != singing:
                returns.append((phrase.section, []))
            returns[-1][1].extend(
                n.pitch for n in phrase.notes if n.voice == "piano" or n.voice == "bell" and n.start
            )
        singing = phrase.section
    alike = []
    for how, pitches in returns:
        contour = np.sign(np.diff([step for _, step in vary(line, how.split(", ")[1])]))
        alike += [a == b for a, b in zip(np.sign(np.diff(pitches)), contour, strict=False)]
    assert len(returns) >= 4 and len(alike) >= 10
    assert np.mean(alike) >= 0.7            # by chance 0.4


def test_motifs_return_in_5_to_15_percent_of_ticks():
    shares = []
    for seed in range(3):
        composer = RulesComposer(seed)
        shares.append(
            np.mean([bool(composer.compose(Recipe(density=0.5), None).section) for _ in range(500)])
        )
    assert 0.05 <= np.mean(shares) <= 0.15


def test_a_pattern_heard_too_often_is_forbidden():
    motifs = Motifs()
    for time in range(3):
        for slot, pitch in enumerate((60, 62, 64, 65, 67)):
            motifs.sung(4 * time, slot, pitch, 10.0 * time)
        # so that only one pattern repeats
        for slot, pitch in enumerate((50, 51, 40 + time, 71, 52 + time)):
            motifs.sung(4 * time + 2, slot, pitch, 10.0 * time)
    for slot, pitch in enumerate((60, 62, 64, 65)):
        motifs.sung(40, slot, pitch, 60.0)
    assert motifs.hooks(41, 0, [66, 67, 69], 60.0) == {67}
    assert motifs.hooks(41, 0, [66, 67, 69], 5000.0) == set()


def test_the_filter_never_misses_a_return():
    rng = np.random.default_rng(1)
    ticks = [repr(rng.integers(0, 9, 3)).encode() for _ in range(400)]
    repeats = Repeats(bits=20, capacity=10_000)
    for tick in ticks:
        assert not repeats.returns(tick, 1)
        repeats.add(tick, 1)
    repeats.window.clear(), repeats.onsets.clear()
    for place, tick in enumerate(ticks[100:140]):
        assert repeats.returns(tick, 1) == (place >= WINDOW - 1)
        repeats.window.append(tick), repeats.onsets.append(1)


def test_the_filter_errs_as_seldom_as_it_says():
    rng, repeats = np.random.default_rng(2), Repeats(bits=14)
    for _ in range(1800):
        repeats.add(rng.bytes(6), 1)
    wrong = 0
    for _ in range(4000):
        wrong += repeats.returns(rng.bytes(6), 1)
    assert abs(wrong / 4000 - error_rate(1800, bits=14)) < 0.03
    assert error_rate(1000 * 8 * 3600 / 2.1) < 0.01          # a thousand nights


def test_sparse_windows_are_not_judged():
    repeats = Repeats(bits=16)
    for _ in range(60):
        assert not repeats.returns(b"quiet", 0)
        repeats.add(b"quiet", 0)
    assert ONSETS > 0


def test_the_filter_survives_a_restart_and_a_torn_file(tmp_path):
    repeats, ticks = Repeats(), [bytes([i]) for i in range(40)]
    for tick in ticks:
        repeats.add(tick, 1)
    folder = tmp_path / "repeats"
    repeats.save(folder)
    loaded = Repeats.load(folder)
    assert (
        (loaded.layers[0] == repeats.layers[0]).all()
        and loaded.layers[0].any()
        and loaded.count == repeats.count
    )
    (folder / "000").write_bytes((folder / "000").read_bytes()[:-5])
    assert not Repeats.load(folder).layers[0].any()
    assert not Repeats.load(tmp_path / "absent").layers[0].any()


def test_a_full_layer_is_followed_by_another_and_nothing_is_forgotten(tmp_path):
    repeats, rng = Repeats(bits=14, capacity=100), np.random.default_rng(5)
    ticks = [rng.bytes(6) for _ in range(400)]
    for tick in ticks:
        repeats.add(tick, 1)
    assert len(repeats.layers) == 4
    repeats.save(tmp_path / "repeats")
    loaded = Repeats.load(tmp_path / "repeats", bits=14, capacity=100)
    for place, tick in enumerate(ticks):
        assert loaded.returns(tick, 1) or place < WINDOW - 1
        loaded.window.append(tick), loaded.onsets.append(1)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2**32 - 1)), max_size=60))
@settings(max_examples=30)
def test_feedback_stays_inside_the_trust_region_and_survives_the_diary(feedback):
    taste = Taste()
    for liked, seed in feedback:
        taste = taste.learn(taste.vary(np.random.default_rng(seed)), liked)
        assert np.linalg.norm(taste.style) <= STYLE_TRUST + 1e-9
        assert all(
            abs(bias) <= most + 1e-9
            for bias, most in zip(taste.biases, TRUST.values(), strict=True)
        )
    assert taste.learn(Taste().vary(np.random.default_rng(1)), 0) == taste
    assert np.allclose(Taste.recall(json.loads(json.dumps(taste.state()))).biases, taste.biases)


def test_whoever_likes_long_notes_hears_more_of_them_after_some_nights():
    liked, rng = Taste(), np.random.default_rng(1)
    for _ in range(60):
        tonight = liked.vary(rng)
        liked = liked.learn(tonight, 1 if tonight.biases[1] > liked.biases[1] else -1)
    assert liked.biases[1] > 0.5

    def long_notes(taste: Taste) -> float:
        composer = RulesComposer(3)
        composer.leans = np.array(taste.leans())
        notes = [
            note
            for _ in range(300)
            for note in composer.compose(Recipe(density=0.3), None).notes
            if note.voice == "piano"
        ]
        return np.mean([note.duration > 4 for note in notes])
    assert long_notes(liked) > long_notes(Taste()) + 0.05


@pytest.mark.parametrize("torn", [None, 3, {}, {"style": [1], "biases": [0, 0, 0]},
                                  {"style": [float("nan")] * 8, "biases": [0, 0, 0]}])
def test_a_torn_memory_is_nobodys_taste(torn):
    assert Taste.recall(torn) == Taste()


NUMBERS = st.sampled_from((0, 0.3, -0.4, True, None, "0.1", [], 10**400, 1e308, float("nan"),
                           float("inf"), -float("inf")))


@given(st.fixed_dictionaries({}, optional={
    "style": st.lists(NUMBERS, min_size=7, max_size=9) | NUMBERS | st.just("0" * 8),
    "biases": st.lists(NUMBERS, min_size=2, max_size=4) | NUMBERS,
    "newer": NUMBERS}))
@settings(max_examples=300)
def test_any_state_is_a_taste_inside_the_trust_region(state):
    taste = Taste.recall(state)
    assert np.linalg.norm(taste.style) <= STYLE_TRUST + 1e-9
    assert np.isfinite(taste.leans()).all()
    assert Taste.recall(json.loads(json.dumps(taste.state()))) == taste.trusted()


def test_a_taste_is_recalled_beside_keys_it_does_not_know():
    taste = Taste().vary(np.random.default_rng(1))
    assert Taste.recall({**taste.state(), "newer": {}}) == taste.trusted()


def test_a_filter_is_read_past_whatever_lies_in_its_folder(tmp_path):
    repeats = Repeats(bits=14, capacity=100)
    for number in range(40):
        repeats.add(bytes([number]), 1)
    folder = tmp_path / "repeats"
    repeats.save(folder)
    whole = (folder / "000").read_bytes()
    for number, torn in enumerate((b"", b"\0" * len(whole), whole[:-1], whole + b"x"), 1):
        (folder / f"{number:03}").write_bytes(torn)
    (folder / "005").mkdir()
    (folder / "006").symlink_to(folder / "nowhere")
    loaded = Repeats.load(folder, bits=14, capacity=100)
    assert len(loaded.layers) == 1 and loaded.count == repeats.count
    np.testing.assert_array_equal(loaded.layers[0], repeats.layers[0])


def test_a_count_beyond_any_layer_begins_another(tmp_path):
    repeats = Repeats(bits=14, capacity=100)
    repeats.save(tmp_path)
    data = bytearray((tmp_path / "000").read_bytes())
    data[19:27] = b"\xff" * 8
    (tmp_path / "000").write_bytes(bytes(data))
    loaded = Repeats.load(tmp_path, bits=14, capacity=100)
    for number in range(40):
        loaded.add(bytes([number]), 1)
    loaded.save(tmp_path)
    assert len(loaded.layers) == 2 and loaded.count == 25


def test_a_tune_is_spelled_with_the_chord_bass_and_force_it_has():
    from device.compose.midi import Piece
    from device.compose.transcription import hear
    chord = [(0.0, 4.0, pitch, 0.5) for pitch in (48, 64, 67)]
    tune = [(0.0, 1.0, 72, 0.9), (1.0, 1.0, 74, 0.9), (2.0, 2.0, 76, 0.3)]
    ticks = hear(Piece(tuple(sorted(chord + tune)), 60.0), 2.0).ticks
    assert [tick.bass for tick in ticks] == [1, 0]
    assert [len(tick.notes) for tick in ticks] == [2, 1]
    assert ticks[1].dynamic == 0
