"""Training is reproducible, and what is exported is what was trained."""

import numpy as np
import pytest

from areas.composer.measures import laid_out
from device.compose import RulesComposer, midi
from device.compose.contexts import FIELDS
from device.values import Recipe

torch = pytest.importorskip("torch", reason="training needs the extra `train-composer`")
pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The same short training twice: (net, file) each."""
    from training.composer.data import corpus
    from training.composer.export import step_model
    from training.composer.net import train, weighted
    music = tmp_path_factory.mktemp("music")
    for seed in range(6):
        composer = RulesComposer(seed)
        midi.write(music / f"{seed}.mid",
                   laid_out([composer.compose(Recipe(), None) for _ in range(80)]))
    torch.set_num_threads(1)
    nets = [
        train(weighted(corpus(music)), weighted(corpus(music))[:1], 4, 1, say=lambda *_: None)
        for _ in range(2)
    ]
    return [(net, step_model(net, tmp_path_factory.mktemp("models"))) for net in nets]


def test_the_same_seed_trains_the_same_network_bit_for_bit(trained):
    (_, first), (_, again) = trained
    assert first.read_bytes() == again.read_bytes()


def test_the_exported_step_says_what_the_network_says(trained):
    import onnxruntime
    net, file = trained[0]
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    shapes = {given.name: given.shape for given in session.get_inputs()}
    rng = np.random.default_rng(2)
    fields = rng.integers(0, 83, (5, len(FIELDS)))
    fields[:, FIELDS.index("pitch")] = rng.integers(83, 132, 5)
    asked = rng.normal(size=shapes["asked"]).astype(np.float32)
    one, two = (np.zeros(shapes[name], np.float32) for name in ("one", "two"))
    for row in fields:
        logits, one, two = session.run(None,
                                       {"fields": row, "asked": asked, "one": one, "two": two})
    with torch.no_grad():
        x = net.given(torch.tensor(fields)[None], torch.tensor(asked)[None].expand(1, 5, -1))
        wanted = net.scores(net.second(net.first(x)[0])[0], torch.tensor(fields)[None])[
            0, -1
        ].numpy()
    assert np.abs((logits[0] - logits[0].mean()) - (wanted - wanted.mean())).max() < 0.05
