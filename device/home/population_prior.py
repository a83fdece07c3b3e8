"""What flows back from the hub: the population's shares, signed. Reading it proves who made it, not
that it is good: whether to adopt it is for the recommender's own offline gate.

PyNaCl, because its wheel is 1.4 MB against 4.8 MB of `cryptography` and needs only cffi, which
sounddevice brings.
"""

import json
import math
from dataclasses import dataclass

import numpy as np

from device.errors import Refused

LARGEST = 8192      # bytes
QUESTION = "quiet_v1"
# share that says so of those whom the shipped prior was trained on: tools/swarm learn, trained
USUAL = 0.30
SPREAD = 0.25       # SD of a home's shares about those that the shipped prior was trained on


@dataclass(frozen=True, slots=True)
class Prior:
    """For each answer of a question the share of beds that gave it, debiased, with its standard
    error."""
    version: int                    # grows; an older one is nobody's business any more
    question: str
    shares: tuple[float, ...]       # sum 1
    errors: tuple[float, ...]       # standard errors before shares were made to sum to 1
    reports: int


def blend(shipped: np.ndarray, quiet: np.ndarray, prior: Prior) -> np.ndarray:
    """Weights (kinds,) of the recommender's kinds of sleeper, from those that were `shipped`
    (kinds,) and the share of beds that say that silence is best for them; `quiet` (kinds,) bool
    names the kinds that lean to silence.

    Only a majority, by more than its standard error, moves anything: where half say so, moving cost
    newcomers 0.04 of their first week (tools/swarm learn, mixed). Then the odds of the quiet kinds
    move as the odds of that answer differ from what the shipped prior's own people say. Raises
    Refused if the prior answers another question.
    """
    if prior.question != QUESTION or len(prior.shares) != 2:
        raise Refused(f"prior: {prior.question!r} says nothing about kinds of sleeper")
    share, error = min(max(prior.shares[1], 0.05), 0.95), prior.errors[1]
    if share - error <= 0.5:
        return np.asarray(shipped, float)
    trust = SPREAD**2 / (SPREAD**2 + error**2)
    shift = trust * (math.log(share / (1 - share)) - math.log(USUAL / (1 - USUAL)))
    weights = np.asarray(shipped, float) * np.exp(shift * np.asarray(quiet, float))
    return weights / weights.sum()


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
