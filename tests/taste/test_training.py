"""What the trainer of one's own music needs, said before anything is rendered."""

import pytest

from areas.taste import renderings
from device.errors import Refused
from training.taste.train import fitted


def piece(minor: bool, program: int) -> renderings.Piece:
    return renderings.Piece("a piece", (), 60.0, 0, minor, program)


@pytest.mark.parametrize(("minors", "programs"), [
    ((), ()), ((False,) * 4, (0, 24, 42, 52)), ((False, True), (0, 24)),
])
def test_too_few_pieces_are_refused_before_they_are_rendered(
        tmp_path, monkeypatch, minors, programs):
    found = [piece(*each) for each in zip(minors, programs, strict=True)]
    monkeypatch.setattr(renderings, "pieces", lambda data: found)
    monkeypatch.setattr(renderings.Piece, "judging", False)
    with pytest.raises(Refused, match=f"{len(found)} pieces"):
        fitted(tmp_path, tmp_path / "renderings", 240)
    assert not any((tmp_path / "renderings").iterdir())
