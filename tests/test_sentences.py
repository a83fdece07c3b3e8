"""The sheet of sentences itself: conditions that can be met, and no prose beside it."""

import ast
import re
import string
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.recommend.candidates import NAMES
from device.sentences import FACTS, KINDS, NOT, Said, label, say
from device.session.modes import Event

DEVICE = Path(__file__).resolve().parent.parent / "device"
SPEAKING = ("session", "recommend", "report")
PROSE = re.compile(r"[^\W\d_]{2,}[,;:.]? [^\W\d_]{2,}")
MARKUP = re.compile(r"<[^>]*>?|[^<]*>")
# What isn't said: markup, questions to SQL, the words of a standard's files; and names.
NO_SENTENCES = ("SELECT", "var(--", ":root", "font-family", " BY ", "Sleep stage", "Lights o",
                "EDF Annotations", "during sleep")
KNOWN = {*NAMES, *Event, *(fact for facts in FACTS.values() for fact in facts)}
# What a part says of its own trouble is quoted, under these names, not said.
TROUBLES = {"why", "trouble", "troubles"}


@pytest.mark.parametrize("kind", KINDS)
def test_each_condition_is_made_of_facts_whose_meaning_is_written_down(kind):
    used = {fact.removeprefix(NOT) for sentence in KINDS[kind] for fact in sentence.when}
    assert used == set(FACTS[kind]) and all(FACTS[kind].values())


@pytest.mark.parametrize("kind", KINDS)
def test_each_sentence_of_a_choice_can_be_the_first_true_one(kind):
    if not FACTS[kind]:
        return
    worlds = [dict(zip(FACTS[kind], truth, strict=True))
              for truth in product((True, False), repeat=len(FACTS[kind]))]
    first = {next((each.id for each in KINDS[kind] if each.true(world)), "") for world in worlds}
    assert first >= {sentence.id for sentence in KINDS[kind]}


@given(st.data())
def test_nothing_is_ever_said_whose_condition_does_not_hold(data):
    kind = data.draw(st.sampled_from([kind for kind in KINDS if FACTS[kind]]))
    facts = {fact: data.draw(st.booleans()) for fact in FACTS[kind]}
    said = say(kind, facts, **{name: 1 for sentence in KINDS[kind] for name in fills(sentence)})
    whole = {each.id: each for each in KINDS[kind]}
    if said.id:
        assert all(facts[fact.removeprefix(NOT)] is not fact.startswith(NOT)
                   for fact in whole[said.id].when)
    else:
        assert not any(each.true(facts) for each in KINDS[kind])


def fills(sentence) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence.text) if name}


def test_a_fact_that_nobody_states_is_an_error_and_not_a_no():
    with pytest.raises(KeyError):
        say("alarm", {})
    with pytest.raises(StopIteration):
        label("alarm.heard")


def test_what_is_said_carries_its_id_and_is_text_to_everybody_else():
    said = say("answer", {"turned on": True})
    assert said.id == "answer.private-now" and isinstance(said, Said) and "forgotten" in said
    assert said == str(said)


def speaking() -> list[Path]:
    return [DEVICE / "asking.py", *(path for room in SPEAKING
                                    for path in sorted((DEVICE / room).rglob("*.py")))]


@pytest.mark.parametrize("path", speaking(), ids=lambda path: str(path.relative_to(DEVICE)))
def test_no_sentence_is_said_beside_the_sheet(path):
    for text in prose(ast.parse(path.read_text())):
        assert not PROSE.search(MARKUP.sub(" ", text)), f"{path.name} says {text!r}"


def prose(tree: ast.AST) -> list[str]:
    """The texts of a module but for docstrings, annotations and what troubles say of themselves."""
    found = []
    for node in ast.iter_child_nodes(tree):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        annotation = isinstance(node, ast.AnnAssign)
        if docstring or isinstance(node, ast.Raise) or annotation and not node.value:
            continue
        if isinstance(node, ast.Assign) and TROUBLES & names(*node.targets):
            continue
        if isinstance(node, ast.Call) and quotes(node):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value not in KNOWN and not any(word in node.value for word in NO_SENTENCES):
                found.append(node.value)
        else:
            found += prose(node)
    return found


def names(*trees: ast.AST) -> set[str]:
    """Of the variables and attributes in them."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.id if isinstance(node, ast.Name) else node.attr for node in nodes
            if isinstance(node, ast.Name | ast.Attribute)}


def quotes(call: ast.Call) -> bool:
    """Whether it only tells of a trouble."""
    if isinstance(call.func, ast.Attribute):        # troubles.append("…")
        return isinstance(call.func.value, ast.Name) and call.func.value.id in TROUBLES
    kind = call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value
    return isinstance(call.func, ast.Name) and call.func.id == "Note" and kind == "fallback"
