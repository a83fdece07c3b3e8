"""What flows back from the hub: the population's shares, signed. Reading it proves who made it, not
that it is good: whether to adopt it is for the recommender's own offline gate.

PyNaCl, because its wheel is 1.4 MB against 4.8 MB of `cryptography` and needs only cffi, which
sounddevice brings.
"""

import json
import math

from device.errors import Refused
from device.values import Prior

LARGEST = 8192      # bytes


def sign(prior: Prior, key: bytes) -> bytes:
    """The retained message; `key` is the hub's 32-byte Ed25519 seed."""
    from nacl.signing import SigningKey

    body = json.dumps(
        {
            "v": 1,
            "version": prior.version,
            "q": prior.question,
            "shares": list(prior.shares),
            "errors": list(prior.errors),
            "reports": prior.reports,
        }
    )
    return json.dumps(
        {"body": body, "signature": SigningKey(key).sign(body.encode()).signature.hex()}
    ).encode()


def read(message: bytes, hub_key: str) -> Prior:
    """The prior in a message of the hub whose public key (64 hex digits) was pinned.

    Raises Refused for whatever is unsigned, signed by another, or not a set of shares.
    """
    try:
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey
    except ImportError:
        raise Refused("prior: PyNaCl is not installed, so nothing can be verified") from None
    if not hub_key:
        raise Refused("prior: no hub key is pinned (home.hub_key), so nothing is adopted")
    if len(message) > LARGEST:
        raise Refused("prior: too long")
    try:
        whole = json.loads(message)
        body = whole["body"].encode()
        VerifyKey(bytes.fromhex(hub_key)).verify(body, bytes.fromhex(whole["signature"]))
        facts = json.loads(body)
        prior = Prior(int(facts["version"]), str(facts["q"]), tuple(map(float, facts["shares"])),
                      tuple(map(float, facts["errors"])), int(facts["reports"]))
    except BadSignatureError:
        raise Refused("prior: not signed by the hub that was pinned at pairing") from None
    except (ValueError, KeyError, TypeError, AttributeError,
            OverflowError, RecursionError) as trouble:
        raise Refused(f"prior: malformed ({type(trouble).__name__})") from None
    numbers = (*prior.shares, *prior.errors)
    if not (
        len(prior.shares) == len(prior.errors) >= 2
        and all(math.isfinite(x) and 0 <= x <= 1 for x in prior.shares)
        and all(math.isfinite(x) and x >= 0 for x in numbers)
        and abs(sum(prior.shares) - 1) < 1e-6
    ):
        raise Refused("prior: its shares are no distribution")
    return prior
