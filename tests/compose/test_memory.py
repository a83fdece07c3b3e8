"""Motifs come back varied, nothing else comes back at all, and feedback moves only a little."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from areas.composer.listening import cadences, struck
from device.compose import RulesComposer
from device.compose.form import phrase_ticks
from device.compose.motifs import WAYS, Hooks, Theme, to_pitch, to_step
from device.compose.repeat_filter import ONSETS, WINDOW, Repeats, error_rate
from device.compose.taste import STYLE_TRUST, TRUST, Taste
from device.compose.theory import DEGREES
from device.values import Recipe


@given(st.integers(24, 100), st.integers(0, 11), st.sampled_from(sorted(DEGREES)))
def test_a_pitch_of_the_scale_survives_being_a_step(pitch, tonic, scale):
    if (pitch - tonic) % 12 in DEGREES[scale]:
        assert to_pitch(to_step(pitch, tonic, scale), tonic, scale) == pitch


TUNE = Theme(4, ((0, 0, 2), (2, 2, 2), (4, 4, 2), (6, 3, 2), (8, 1, 4), (12, 2, 2), (14, 1, 2)),
             "ionian")


def sung(phrases):
    """(slot, MIDI pitch) of the melody."""
    return [(4 * tick + round(note.start / phrase.length * 4), note.pitch)
            for tick, phrase in enumerate(phrases) for note in struck(phrase)]


def test_a_tune_of_ones_own_returns_with_its_rhythm_every_other_time_as_it_is():
    rhythm, steps = [], []
    for seed in range(3, 7):
        composer = RulesComposer(seed)
        composer.give_motif(TUNE)
        phrases = [composer.compose(Recipe(density=0.5, scale="ionian"), None) for _ in range(800)]
        labels, notes = ["", *(phrase.section for phrase in phrases)], sung(phrases)
        begins = [tick for tick in range(800) if labels[tick + 1] != labels[tick]
                  and "own 1 returns" in labels[tick + 1]]
        literal = [tick for tick in begins if labels[tick + 1].endswith("literal")]
        assert len(begins) >= 3 and len(literal) >= len(begins) / 2
        for tick in literal:
            here = {slot - 4 * tick: pitch for slot, pitch in notes if 0 <= slot - 4 * tick < 16}
            rhythm.append(np.mean([slot in here for slot, *_ in TUNE.notes]))
            pairs = [(here[slot], to_pitch(step, 0, "ionian")) for slot, step, _ in TUNE.notes
                     if slot in here]
            steps += [b - a == d - c for (a, c), (b, d) in itertools.pairwise(pairs)]
    # what would grate on the chord, or be heard too often, is bent
    assert np.mean(rhythm) >= 0.8 and np.mean(steps) >= 0.65


def test_themes_of_long_ago_return_in_5_to_15_percent_of_ticks():
    shares = []
    for seed in range(3):
        composer = RulesComposer(seed)
        shares.append(np.mean(["returns" in composer.compose(Recipe(density=0.5), None).section
                               for _ in range(900)]))
    assert 0.05 <= np.mean(shares) <= 0.15


def test_a_phrase_answers_one_before_it_and_the_section_closes_on_its_chord():
    answers, ends = [], []          # of some eighty sections
    for composer in map(RulesComposer, (5, 6, 7)):
        phrases = [composer.compose(Recipe(density=0.5, scale="ionian"), None) for _ in range(500)]
        answers.append(np.mean(["answers" in phrase.section for phrase in phrases]))
        ends.append(cadences(phrases))
    assert np.mean(answers) > 0.3 and np.mean(ends) >= 0.8


def test_every_way_of_singing_a_theme_is_the_theme():
    steps = [step for _, step, _ in TUNE.notes]
    for way in WAYS:
        line = TUNE.sung_as(way, "dorian", 2).notes
        pitches = iter(step for _, step, _ in line)
        wanted = steps[:4] if way in ("new ending", "augmented") else steps
        up = 2 if way == "sequenced" else 0
        assert all(any(step + up == other for other in pitches) for step in wanted), way
        assert list(line) == sorted(line)
    assert [slot for slot, *_ in TUNE.sung_as("augmented", "ionian").notes] == [0, 4, 8, 12]


def test_phrases_last_whole_breaths():
    for breath in (6.0, 7.5, 9.0, 11.0, 12.0):
        for pulse in (44, 56, 70):
            ticks = phrase_ticks(120 / pulse, breath)
            breaths = ticks * 120 / pulse / 60 * breath
            assert 6 <= ticks <= 12 and abs(breaths - round(breaths)) <= breath / pulse
    assert phrase_ticks(2.0, None) == phrase_ticks(2.0, 0.0) == 8


def test_what_is_liked_comes_back_within_minutes_and_on_the_next_night():
    composer, recipe = RulesComposer(3), Recipe(density=0.5)
    for _ in range(60):
        composer.compose(recipe, None)
    after = [composer.compose(recipe, None, liked=1) for _ in range(90)]
    assert any("liked returns, literal" in phrase.section for phrase in after)
    kept = json.loads(json.dumps(composer.learn_taste(None, np.random.default_rng(1), 1)))
    another = RulesComposer(8)
    another.learn_taste(kept, np.random.default_rng(2))
    night = [another.compose(recipe, None) for _ in range(60)]
    assert any("liked returns" in phrase.section for phrase in night)
    nothing = another.learn_taste({"themes": [3, [4, [[0, 0]], "ionian", []], None]},
                                  np.random.default_rng(2))
    assert nothing["themes"] == []


def test_not_this_one_makes_the_next_phrase_another():
    composer, recipe = RulesComposer(3), Recipe(density=0.5)
    for _ in range(60):
        composer.compose(recipe, None)
    unwanted = composer.form.sounding()
    after = [composer.compose(recipe, None, liked=-1) for _ in range(16)]
    assert any(phrase.section.endswith("contrast") for phrase in after)
    assert unwanted not in [theme for _, theme in composer.form.kept]


def test_the_night_goes_down_and_a_masking_does_not_bring_it_up():
    composer, recipe = RulesComposer(3), Recipe(density=0.5, name="slow tide")
    for _ in range(400):
        composer.compose(recipe, 0.6)
    deep = composer.arc.depth
    for _ in range(20):
        composer.compose(replace(recipe, density=0.15), 0.1)
    later = [composer.compose(recipe, 0.1) for _ in range(40)]
    assert deep > 0.1 and composer.arc.depth > deep
    assert any("returns" in phrase.section for phrase in later)


def test_a_pattern_heard_too_often_is_forbidden():
    motifs = Hooks()
    for time in range(3):
        for slot, pitch in enumerate((60, 62, 64, 65, 67)):
            motifs.sung(4 * time, slot, pitch, 10.0 * time)
        # so that only one pattern repeats
        for slot, pitch in enumerate((50, 51, 40 + time, 71, 52 + time)):
            motifs.sung(4 * time + 2, slot, pitch, 10.0 * time)
    for slot, pitch in enumerate((60, 62, 64, 65)):
        motifs.sung(40, slot, pitch, 60.0)
    assert motifs.forbidden(41, 0, [66, 67, 69], 60.0) == {67}
    assert motifs.forbidden(41, 0, [66, 67, 69], 5000.0) == set()


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
        composers = [RulesComposer(seed) for seed in range(10)]
        for composer in composers:
            composer.leans = np.array(taste.leans())
        notes = [
            note
            for composer in composers
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


def test_some_new_phrases_go_in_the_rhythm_of_their_sections_first():
    shared, chance, before = [], [], None
    for seed in range(6):
        composer = RulesComposer(seed)
        for _ in range(400):
            composer.compose(Recipe(density=0.35), None)
            form = composer.form
            if form.twin and form.tick == form.length - 2:      # but for its end
                theme = {slot for slot, *_ in form.twin.notes}
                mine = {slot for slot, *_ in form.now}
                shared.append(len(mine & theme) / max(len(mine), 1))
                if before:
                    chance.append(len(mine & before) / max(len(mine), 1))
                before = theme
    assert len(shared) >= 10 and np.mean(shared) > np.mean(chance) + 0.15
