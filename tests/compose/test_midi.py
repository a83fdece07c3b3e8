"""MIDI in and out, and people's music heard as ticks."""

import contextlib
import io

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from areas.composer import measures as measure
from device.compose import RulesComposer, midi
from device.compose import lullaby as tune
from device.compose import tokens as tk
from device.compose.midi import Piece
from device.compose.theory import DEGREES, PROFILES, estimate_key
from device.compose.transcription import hear
from device.errors import Refused
from device.values import Note, Recipe


def test_a_night_written_as_midi_reads_back_the_same(tmp_path):
    composer = RulesComposer(2)
    notes = measure.laid_out([composer.compose(Recipe(), None) for _ in range(60)])
    midi.write(tmp_path / "night.mid", notes)
    back = midi.read(tmp_path / "night.mid")
    assert back.qpm == pytest.approx(60)
    ours = sorted((round(n.start, 2), n.pitch) for n in notes)
    theirs = sorted((round(start, 2), pitch) for start, _, pitch, _ in back.notes)
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours, theirs, atol=0.02)


@pytest.mark.parametrize(
    "data, why",
    [
        (b"", "not a standard MIDI"),
        (b"RIFF....", "not a standard MIDI"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60", "torn"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\x09\0\x90\x3c", "torn"),
    ],
)
def test_a_bad_file_is_refused_with_a_reason(data, why):
    with pytest.raises(Refused, match=why):
        midi.read(data)


@given(st.binary(max_size=200), st.integers(0, 60))
@settings(max_examples=150)
def test_no_bytes_do_more_than_be_refused(noise, keep):
    buffer = io.BytesIO()
    file = mido.MidiFile()
    file.tracks.append(
        mido.MidiTrack(
            [mido.Message("note_on", note=60, time=10), mido.Message("note_off", note=60)]
        )
    )
    file.save(file=buffer)
    for data in (b"MThd" + noise, buffer.getvalue()[:keep] + noise):
        with contextlib.suppress(Refused):
            assert midi.read(data).notes


def test_a_lullaby_keeps_its_rhythm_and_rests_before_it_do_not_count(tmp_path):
    def file(rest):
        line = ((60, 1), (62, 1), (64, 2), (65, 1), (67, 1), (69, 2), (67, 4), (60, 4))
        track, midi_file, wait = mido.MidiTrack(), mido.MidiFile(ticks_per_beat=480), 480 * rest
        for pitch, beats in line:
            track += [mido.Message("note_on", note=pitch, velocity=70, time=wait),
                      mido.Message("note_off", note=pitch, time=480 * beats)]
            wait = 0
        midi_file.tracks.append(track)
        buffer = io.BytesIO()
        midi_file.save(file=buffer)
        return buffer.getvalue()
    theme = tune.motif(file(0))
    assert len(theme.notes) == 8
    gaps = np.diff([slot for slot, *_ in theme.notes])
    np.testing.assert_array_equal(gaps / gaps[0], [1, 1, 2, 1, 1, 2, 4])
    assert tune.motif(file(4)) == theme == tune.motif(file(64))


def length(number):
    """A variable-length number, as the standard writes it."""
    out = [number & 127]
    while number := number >> 7:
        out.insert(0, number & 127 | 128)
    return bytes(out)


def chunk(*events):
    body = b"".join(events) + b"\0\xff\x2f\0"
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def by_hand(*tracks, counted=None):
    many = len(tracks) if counted is None else counted
    return b"MThd\0\0\0\6\0\1" + many.to_bytes(2, "big") + b"\1\xe0" + b"".join(tracks)


FIVE = b"".join(b"\0\x90" + bytes([pitch, 80]) + length(480) + b"\x80" + bytes([pitch, 0])
                for pitch in (60, 62, 64, 65, 67))


@pytest.mark.parametrize("meta", [
    b"\xff\x59\2\x80\0", b"\xff\x59\2\x09\0", b"\xff\x59\0", b"\xff\x58\2\4\2", b"\xff\x51\0",
    b"\xff\x20\0", b"\xff\x54\5\xe0\0\0\0\0"],
    ids=["128 flats", "9 flats", "no key", "short metre", "no tempo", "no channel", "rate 7"])
def test_metadata_that_no_tune_needs_costs_no_tune(meta):
    assert [pitch for _, _, pitch, _ in midi.read(by_hand(chunk(b"\0" + meta, FIVE))).notes] == [
        60, 62, 64, 65, 67]


def test_tracks_are_counted_as_they_are_and_a_torn_one_is_read_as_far_as_it_goes():
    assert len(midi.read(by_hand(chunk(FIVE), counted=3)).notes) == 5
    assert len(midi.read(by_hand(chunk(), chunk(FIVE), counted=1)).notes) == 5
    assert len(midi.read(by_hand(chunk(FIVE))[:-16]).notes) == 3


def test_drums_are_left_out():
    buffer, file = io.BytesIO(), mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", channel=9, note=40, time=0),
                                       mido.Message("note_off", channel=9, note=40, time=100)]))
    file.save(file=buffer)
    with pytest.raises(Refused, match="drums"):
        midi.read(buffer.getvalue())


def lullaby(path):
    tune = ((67, 1), (67, 1), (69, 2), (67, 2), (72, 2), (71, 4))
    track, file = mido.MidiTrack(), mido.MidiFile(ticks_per_beat=480)
    for pitch, beats in tune:
        track += [mido.Message("note_on", note=pitch, velocity=70, time=0),
                  mido.Message("note_off", note=pitch, time=480 * beats)]
    file.tracks.append(track)
    file.save(path)
    return path


def test_a_lullaby_becomes_a_motif_with_its_contour(tmp_path):
    line = tune.motif(lullaby(tmp_path / "seed.mid"))
    steps = [step for _, step, _ in line.notes]
    assert np.sign(np.diff(steps)).tolist() == [0, 1, -1, 1, -1]


def test_a_piece_re_dressed_keeps_its_melody(tmp_path):
    heard = tune.listen(lullaby(tmp_path / "seed.mid"))
    composer = RulesComposer(1)
    composer.follow(tune.melody(heard))
    phrases = [composer.compose(Recipe(scale="dorian", density=0.3), None) for _ in heard.ticks]
    sung = [
        n.pitch
        for p in phrases
        for n in p.notes
        if n.voice in ("piano", "bell")
        and not (n.voice == "bell" and n.start == 0
                 and any(m.voice == "pad" and m.pitch == n.pitch for m in p.notes))
    ]
    contour = np.sign(np.diff(sung))
    wanted = np.sign(np.diff([step for _, step, _ in tune.melody(heard)]))
    assert len(contour) >= len(wanted) - 1
    assert np.mean([a == b for a, b in zip(contour, wanted, strict=False)]) >= 0.75
    assert {(pitch - composer.tonic) % 12 for pitch in sung} <= set(DEGREES["dorian"])


@given(
    st.lists(
        st.tuples(st.floats(0, 60), st.floats(0.05, 8), st.integers(21, 108), st.floats(0.05, 1)),
        min_size=1, max_size=60),
    st.sampled_from((0.5, 1.0, 2.0, 4.0)),
)
@settings(max_examples=60, deadline=None)
def test_any_notes_are_spelled_in_grammatical_ticks(notes, quarters):
    for tick in hear(Piece(tuple(sorted(notes)), 60.0), quarters).ticks:
        last = tk.END
        for token in tick.tokens():
            follow = tk.following(last)
            assert follow.start <= token < follow.stop
            last = token
        assert tk.END <= last < tk.RHYTHM


def test_the_key_profiles_find_published_keys():
    """Bach's chorale frames in a key of one's choosing would need labels; scales themselves need
    none."""
    for scale, degrees in DEGREES.items():
        for tonic in (0, 5, 7):
            weights = np.zeros(12)
            weights[[(tonic + d) % 12 for d in degrees]] = 1
            weights[[tonic, (tonic + 7) % 12]] += 1
            assert estimate_key(weights) == (tonic, scale)
    assert PROFILES["ionian"][0] == 6.35 and PROFILES["aeolian"][3] == 5.38


def test_gymnopedie_is_heard_in_d_and_slow(music):
    heard = tune.listen(next(music.rglob("*gymnopedie_1.mid")))
    assert heard.tonic == 2
    changes = sum(tick.chord is not None for tick in heard.ticks)
    assert len(heard.ticks) / 3 <= changes <= len(heard.ticks)


def test_measures_know_a_tritone_a_repeat_and_a_pulse():
    tritone = [Note(0, 60, 2, .5, "pad"), Note(0, 66, 2, .5, "pad")]
    assert measure.harshness(tritone) == 1
    assert measure.harshness([Note(0, 60, 2, .5, "pad"), Note(1, 67, 2, .5, "pad")]) == 0
    steady = [Note(1.25 * i, 60 + i % 5, 1, .5, "piano") for i in range(100)]
    assert measure.pulse(steady) == pytest.approx(48, abs=0.1)
    ticks = [((0, i % 7), (4, i % 5)) for i in range(60)]
    assert measure.longest_repeat(ticks) == 25
    assert measure.distinct16(ticks) < 1
