import json

import numpy as np

from device.recommend.receipts import pack, pack_symmetric, unpack, unpack_symmetric


def test_arrays_come_back_bit_for_bit_through_json():
    generator = np.random.default_rng(0)
    whole = generator.normal(size=(45, 7)) @ generator.normal(size=(7, 45))
    np.testing.assert_array_equal(unpack(json.loads(json.dumps(pack(whole)))), whole)
    whole = whole + whole.T
    half = json.loads(json.dumps(pack_symmetric(whole)))
    np.testing.assert_array_equal(unpack_symmetric(half), whole)
    assert len(json.dumps(half)) < 0.52 * len(json.dumps(pack(whole)))
