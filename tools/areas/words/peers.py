"""The rivals of the words: VADER and a TF-IDF ridge for mood, keyword rules and a learned tagger
for wishes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from areas.words.measures import Answer
from areas.words.sentences import sentence
from device.words import Words, grammar, verdict
from device.words.phrases import Word, spoken
from device.words.scope import ANCHORS, DENIALS
from device.words.script import simplified
from device.words.text import clean, tokens

FLAGS = {
    "last": "like:last night",
    "always": "keep:always",
    "never": "keep:always",
    "undo": "undo",
    "good": "rested:good",
    "poor": "rested:poor",
}
NAMES = {
    "last": "like:last night",
    "always": "keep:always",
    "undo": "undo",
    "good": "rested:good",
    "poor": "rested:poor",
}
SENTENCES, SEED = 3000, 11


def rivals(words: Words, known: Sequence[Mapping]) -> dict[str, Callable[[str], Answer]]:
    """What reads the same notes: keyword rules, the grammar alone, the reader alone, a logistic
    tagger over the lexicon's kinds, and one over TF-IDF of what stands around a name."""
    kinds, texts = kinds_tagger(known), tfidf_tagger(known)
    return {
        "keywords": lambda text: Answer(frozenset(keywords(text))),
        "grammar": grammatical,
        "reader_alone": lambda text: reading(words, text),
        "learned": lambda text: Answer(frozenset(kinds(text))),
        "tfidf": lambda text: Answer(frozenset(texts(text))),
    }


def grammatical(text: str) -> Answer:
    read = grammar.read(tokens(simplified(clean(text))))
    slots = {f"{wish.verb}:{wish.name}" for wish in read.wishes}
    return Answer(frozenset(slots | {NAMES[flag] for flag in read.flags}), bool(read.unsure))


def reading(words: Words, text: str) -> Answer:
    if words.reader is None:
        return Answer(frozenset())
    read = verdict.read(*words.reader(simplified(clean(text))), grammar.Reading())
    slots = {f"{wish.verb}:{wish.name}" for wish in read.wishes}
    return Answer(frozenset(slots | {NAMES[flag] for flag in read.flags}), bool(read.unsure))


def vader(texts: Sequence[str]) -> np.ndarray:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    judge = SentimentIntensityAnalyzer()
    return np.array([judge.polarity_scores(text)["compound"] for text in texts])


def tfidf(texts: Sequence[str], gold: np.ndarray, unseen: Sequence[str]) -> np.ndarray:
    """(n, 2): ridge regression on words and pairs of words, fitted on `texts`."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    weigh = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    return Ridge(alpha=2.0).fit(weigh.fit_transform(texts), gold).predict(weigh.transform(unseen))


def keywords(text: str) -> dict[str, str]:
    """The device's own words, spotted: a denial anywhere in the note denies all of it."""
    said = list(spoken(tokens(clean(text))))
    denied = any(word.kind in DENIALS for word in said)
    out = {FLAGS[word.kind]: "" for word in said if word.kind in FLAGS}
    for word in said:
        if word.kind == "thing":
            out[f"{'forbid' if denied else 'require'}:{word.value}"] = ""
        elif word.kind in ("quality", "compared"):
            field, sign = word.value
            out[f"{'raise' if (sign > 0) != denied else 'lower'}:{field}"] = ""
    return out


class Tagger:
    """Each thing and quality of the lexicon gets a verb by logistic regression on the words around
    it; trained on sentences of a seeded grammar and on `notes`.

    weigh: makes columns of what `seen` tells of a word's place.
    """

    def __init__(
        self,
        notes: Sequence[Mapping],
        weigh: Any,
        seen: Callable[[Sequence[Word], int], Any],
        inverse_penalty: float,
    ):
        from sklearn.linear_model import LogisticRegression

        chance = np.random.default_rng(SEED)
        made = [sentence(chance) for _ in range(SENTENCES)]
        mine = [(note["text"], note["wishes"]) for note in notes if note["language"] != "other"]
        rows, labels = [], []
        for text, slots in [*made, *mine]:
            verbs = {slot.split(":")[1]: slot.split(":")[0] for slot in slots if ":" in slot}
            said = list(spoken(tokens(clean(text))))
            for place, word in enumerate(said):
                if word.kind in ANCHORS:
                    rows.append(seen(said, place))
                    labels.append(verbs.get(name(word), "nothing"))
        self._weigh, self._seen = weigh, seen
        self._model = LogisticRegression(max_iter=300, C=inverse_penalty).fit(
            weigh.fit_transform(rows), labels
        )

    def __call__(self, text: str) -> dict[str, str]:
        said = list(spoken(tokens(clean(text))))
        out = {FLAGS[word.kind]: "" for word in said if word.kind in FLAGS}
        places = [place for place, word in enumerate(said) if word.kind in ANCHORS]
        if not places:
            return out
        rows = self._weigh.transform([self._seen(said, place) for place in places])
        verbs = self._model.predict(rows)
        return out | {
            f"{verb}:{name(said[place])}": ""
            for place, verb in zip(places, verbs, strict=True)
            if verb != "nothing"
        }


def kinds_tagger(notes: Sequence[Mapping]) -> Tagger:
    """By the kinds and texts around a name."""
    from sklearn.feature_extraction import DictVectorizer

    return Tagger(notes, DictVectorizer(), around, 3.0)


def tfidf_tagger(notes: Sequence[Mapping]) -> Tagger:
    """By TF-IDF of the words and pairs of words before and after each name."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    weigh = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True)
    return Tagger(notes, weigh, window, 10.0)


def name(word: Word) -> str:
    return word.value[0] if isinstance(word.value, tuple) else word.value


def around(said: Sequence[Word], place: int) -> dict[str, float]:
    """Kinds and texts of four words on either side, and all kinds since the last mark."""
    word = said[place]
    out = {f"self:{word.kind}:{word.value}": 1.0, f"self:{word.kind}": 1.0}
    for offset in range(-4, 5):
        if offset and 0 <= place + offset < len(said):
            near = said[place + offset]
            out[f"{offset}:{near.kind}"] = out[f"{offset}:{near.text}"] = 1.0
    start = max((i for i in range(place) if said[i].kind in ("end", "but")), default=-1)
    return out | {f"before:{near.kind}": 1.0 for near in said[start + 1 : place]}


def window(said: Sequence[Word], place: int) -> str:
    """Eight words to either side, marked with their side, and the name's kind."""

    def marked(words: Sequence[Word], side: str) -> list[str]:
        return [side + part for word in words for part in word.text.split()]

    word = said[place]
    return " ".join(
        [
            f"self:{word.kind}:{word.value}".replace(" ", ""),
            *marked(said[max(place - 8, 0) : place], "<"),
            *marked(said[place + 1 : place + 9], ">"),
        ]
    )
