"""What an opinion may look back at when it says what comes next: the same code trains and runs."""

from collections import deque

from device.compose import tokens as tk

SHORT, LONG = 5, 12             # tokens that must agree for an echo
KEPT = 6000                     # tokens remembered for echoes: about half an hour of music
LAGS = (2, 3, 4, 6, 8, 12, 16, 24, 32)      # ticks: how far back what is answered may lie
FADE, LIKENESS = 0.85, 1.2      # of a tick's agreement; a lag that agrees less is not answered
FIELDS = ("chord", "pitch", "token", "near", "far", "short echo", "long echo", "answer", "moved")


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


class Answer:
    """The tick that is answered, and what stands there at the place that has been reached."""

    def __init__(self) -> None:
        self.ticks: deque[tuple[int, list[int]]] = deque(maxlen=600)    # pitch before, tokens
        self.pitch = tk.BOS                     # the last one
        self.now: list[int] = []                # tokens of this tick
        self.slot = -1                          # of its last note
        self.lag = 0                            # ticks back; 0: nothing is answered
        self.agreement = dict.fromkeys(LAGS, 0.0)
        self.before = tk.BOS                    # the last pitch before this tick

    def push(self, token: int) -> None:
        if token == tk.BOS:
            return
        self.now.append(token)
        if tk.RHYTHM <= token < tk.PITCH:
            self.slot = (token - tk.RHYTHM) // len(tk.DURATIONS)
        elif token >= tk.PITCH:
            self.pitch = token
        elif tk.END <= token < tk.RHYTHM:
            self.ticks.append((self.before, self.now))
            self.now, self.slot, self.before = [], -1, self.pitch

    def listen(self) -> None:
        """After a tick: answer the one at the lag that agreed best of late."""
        if len(self.ticks) < 2:
            return
        new = places(self.ticks[-1][1])
        for lag in LAGS:
            if lag < len(self.ticks):
                old = places(self.ticks[-1 - lag][1])
                alike = 2 * len(new & old) / max(len(new) + len(old), 1)
                self.agreement[lag] = FADE * self.agreement[lag] + alike
        best = max(LAGS, key=lambda lag: self.agreement[lag])
        self.lag = best if self.agreement[best] >= LIKENESS else 0

    def next(self, follow: slice) -> tuple[int, int]:
        """The token that stands there, and for a pitch the one as far from the last pitch as there;
        BOS for none."""
        if not 0 < self.lag <= len(self.ticks):
            return tk.BOS, tk.BOS
        before, tick = self.ticks[-self.lag]
        if follow == tk.OPENING_TOKENS:
            return tick[0], tk.BOS
        for place, token in enumerate(tick):
            if follow == tk.PITCH_TOKENS:
                if token >= tk.PITCH:
                    slot = (tick[place - 1] - tk.RHYTHM) // len(tk.DURATIONS)
                    if slot == self.slot:
                        return token, shifted(token, before, self.pitch)
                    before = token
            elif follow == tk.NOTE_TOKENS:
                late = token - tk.RHYTHM > self.slot * len(tk.DURATIONS) + len(tk.DURATIONS) - 1
                if tk.END <= token < tk.RHYTHM or token < tk.PITCH and late:
                    return token, tk.BOS
            elif follow.start <= token < follow.stop:
                return token, tk.BOS
        return tk.BOS, tk.BOS


def places(tick: list[int]) -> set[tuple[int, int]]:
    """What of a tick may agree with another's: its chord, its slots, and its pitches on them."""
    out, slot = set(), -1
    for token in tick:
        if tk.CHORD <= token < tk.END:
            out.add((-1, token))
        elif tk.RHYTHM <= token < tk.PITCH:
            slot = (token - tk.RHYTHM) // len(tk.DURATIONS)
            out.add((slot, -1))
        elif token >= tk.PITCH:
            out.add((slot, token))
    return out


def shifted(token: int, before: int, last: int) -> int:
    """A pitch as far from `last` as `token` is from `before`, or BOS."""
    if before < tk.PITCH or last < tk.PITCH:
        return tk.BOS
    moved = last + token - before
    return moved if tk.PITCH <= moved < tk.VOCABULARY else tk.BOS


class Memory:
    """All that the RNN is told besides its state, in the order of FIELDS. `echoes` False: it hears
    none, and answers only what it is told to (`answer.lag`)."""

    def __init__(self, echoes: bool = True):
        self.context = Context()
        self.echoes = (Echo(SHORT), Echo(LONG)) if echoes else ()
        self.answer = Answer()
        self.heard: deque[int] = deque(maxlen=KEPT)

    def push(self, token: int) -> None:
        self.context.push(token)
        self.answer.push(token)
        self.heard.append(token)
        for echo in self.echoes:
            echo.push(token)
        if self.echoes and tk.END <= token < tk.RHYTHM:
            self.answer.listen()

    def fields(self) -> tuple[int, ...]:
        context = self.context
        pitch = context.pitches[1] if context.pitches[1] >= tk.PITCH else tk.PITCH + tk.REACH
        echoes = [echo.next() for echo in self.echoes] or (tk.BOS, tk.BOS)
        answer = self.answer.next(tk.following(context.last))
        return (context.chord, pitch, context.last, *context.key(), *echoes, *answer)
