import hashlib

import numpy as np
import pytest

from device.inference import model_card
from device.recommend.features import CONTEXT, RECIPE
from device.recommend.network import SLOTS, Network


def test_the_network_is_int8_throughout_and_small():
    content, card = model_card.read("recommender")
    assert len(content) <= 100_000
    assert str(card.facts["summary"]).startswith("SYNTHETIC")
    assert hashlib.sha256(content).hexdigest() == card.sha256
    network = Network()
    kinds = {detail["dtype"] for detail in network._model._net.get_tensor_details()}
    assert kinds <= {np.int8, np.int32}


def test_both_interpreters_give_the_same_integers():
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    tflite = pytest.importorskip("tflite_runtime.interpreter")
    content, _ = model_card.read("recommender")
    nets = []
    for library in (litert, tflite):
        resolver = library.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        net = library.Interpreter(model_content=content, experimental_op_resolver_type=resolver)
        net.allocate_tensors()
        nets.append(net)
    generator = np.random.default_rng(0)
    for _ in range(50):
        context = generator.integers(-128, 128, (1, len(CONTEXT)), dtype=np.int8)
        recipes = generator.integers(-128, 128, (SLOTS, len(RECIPE)), dtype=np.int8)
        answers = []
        for net in nets:
            for detail, array in zip(net.get_input_details(), (context, recipes), strict=True):
                net.set_tensor(detail["index"], array)
            net.invoke()
            answers.append([net.get_tensor(detail["index"]) for detail in net.get_output_details()])
        for one, other in zip(*answers, strict=True):
            np.testing.assert_array_equal(one, other)
