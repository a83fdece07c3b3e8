"""What an opinion may look back at when it says what comes next: the same code trains and runs."""

from collections import deque

from device.compose import tokens as tk

SHORT, LONG = 5, 12             # tokens that must agree for an echo
KEPT = 6000                     # tokens remembered for echoes: about half an hour of music
FIELDS = ("chord", "pitch", "token", "near", "far", "short echo", "long echo")


class Context:
    """The last tokens that decide the next: `near` and `far` are those of the kind that comes next.
    """

    def __init__(self) -> None:
        self.last = self.before = tk.BOS
        self.chord = tk.BOS
        self.chords = [tk.BOS, tk.BOS]  # with END as the newest when the last tick held its chord
        self.pitches = [tk.BOS, tk.BOS]
        self.bass = tk.BOS

    def push(self, token: int) -> None:
        if tk.following(self.last) == tk.OPENING_TOKENS:
            chord = token if token < tk.END else tk.END
            held = self.chords[1] == tk.END
            self.chords = [self.chords[0 if held else 1], chord]
        if tk.CHORD <= token < tk.END:
            self.chord = token
        elif tk.BASS <= token < tk.CHORD:
            self.bass = token
        elif token >= tk.PITCH:
            self.pitches = [self.pitches[1], token]
        self.before, self.last = self.last, token

    def key(self) -> tuple[int, int]:
        """(near, far)."""
        follow = tk.following(self.last)
        if follow == tk.OPENING_TOKENS:
            return self.chords[1], self.chords[0]
        if follow == tk.PITCH_TOKENS:
            return self.pitches[1], self.pitches[0]
        if follow == tk.BASS_TOKENS:
            return self.last, self.bass
        return self.last, self.before


class Echo:
    """What followed the last time that these few tokens came: how a listener knows how a tune goes
    on."""

    def __init__(self, length: int):
        self.length = length
        self.tail: deque[int] = deque(maxlen=length)
        self.after: dict[tuple, int] = {}       # in order of age

    def push(self, token: int) -> None:
        if len(self.tail) == self.length:
            key = tuple(self.tail)
            self.after.pop(key, None)
            self.after[key] = token
            if len(self.after) > KEPT:
                del self.after[next(iter(self.after))]
        self.tail.append(token)

    def next(self) -> int:
        """The token that followed, or BOS for none."""
        return self.after.get(tuple(self.tail), tk.BOS)


class Memory:
    """All that the RNN is told besides its state, in the order of FIELDS. `echoes` False: it hears
    none."""

    def __init__(self, echoes: bool = True):
        self.context = Context()
        self.echoes = (Echo(SHORT), Echo(LONG)) if echoes else ()
        self.heard: deque[int] = deque(maxlen=KEPT)

    def push(self, token: int) -> None:
        self.context.push(token)
        self.heard.append(token)
        for echo in self.echoes:
            echo.push(token)

    def fields(self) -> tuple[int, ...]:
        context = self.context
        pitch = context.pitches[1] if context.pitches[1] >= tk.PITCH else tk.PITCH + tk.REACH
        echoes = [echo.next() for echo in self.echoes] or (tk.BOS, tk.BOS)
        return (context.chord, pitch, context.last, *context.key(), *echoes)
