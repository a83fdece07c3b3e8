"""What the voices add up to: how high and how bright the notes will be on average, foreseen so that
a step is answered at once and not past the mark. The few averages it needs are listened for."""

from dataclasses import asdict, dataclass

# how bright a voice is, of itself
VOICE_LIGHT = {"drone": 0.1, "pad": 0.3, "piano": 0.5, "bell": 0.9}
TOUCH = {"pad": (0.16, 0.38), "drone": (0.22, 0.3), "bell": (0.15, 0.45), "piano": (0.16, 0.5)}
LIGHT_SLOPE = 0.4               # about how much brighter the notes are in full light than in none
SLOW = 0.02                     # share of each new observation
# of chords and melody notes that are bells when all is brightest
BELL_CHORDS, BELL_MELODY = 0.7, 0.8


def touch(voice: str, light: float) -> float:
    """Velocity of a voice, 0..1."""
    least, more = TOUCH[voice]
    return least + more * light


def shade(brightness: float) -> float:
    """Mean brightness of notes (half touch, half voice) that a recipe's brightness 0..1 asks for.
    """
    return 0.27 + 0.28 * brightness


@dataclass
class Mixture:
    chord_seconds: float = 14.0
    chord_notes: float = 4.3            # a chord: pads, bass, now and then a bell
    melody_lift: float = 5.0            # semitones of melody notes over the centre
    chord_lift: float = 1.2             # and of a chord's

    def heard(self, chord: bool, over: float) -> None:
        """A note sounded `over` semitones from the centre."""
        if chord:
            self.chord_lift += SLOW * (over - self.chord_lift)
        else:
            self.melody_lift += SLOW * (over - self.melody_lift)

    def chord(self, seconds: float, notes: int) -> None:
        self.chord_seconds += 4 * SLOW * (seconds - self.chord_seconds)
        self.chord_notes += 4 * SLOW * (notes - self.chord_notes)

    def melody(self, density: float) -> float:
        """Melody notes a second: what the chords leave of the onsets."""
        return max(density - 1 / self.chord_seconds, 0.0)

    def lift(self, density: float) -> float:
        """Semitones that the mean pitch lies over the centre."""
        melody, chords = self.melody(density), self.chord_notes / self.chord_seconds
        return (self.melody_lift * melody + self.chord_lift * chords) / (melody + chords)

    def light(self, now: float, brightness: float, density: float) -> float:
        """The light 0..1 to play in for notes as bright as asked on average: two steps nearer to it
        than `now`."""
        for _ in range(2):
            short = shade(brightness) - self.brightness(now, density)
            now = min(max(now + short / LIGHT_SLOPE, 0.0), 1.0)
        return now

    def brightness(self, light: float, density: float) -> float:
        chords, melody = 1 / self.chord_seconds, self.melody(density)
        bells = BELL_MELODY * light * melody
        notes = (("pad", 3 * chords), ("drone", chords),
                 ("bell", bells + BELL_CHORDS * light * chords), ("piano", melody - bells))
        bright = sum(many * (touch(voice, light) + VOICE_LIGHT[voice]) / 2 for voice, many in notes)
        return bright / sum(many for _, many in notes)

    def snapshot(self) -> dict:
        return asdict(self)
