"""Identities: canonical JSON and short content digests."""

import hashlib
import json
from collections.abc import Sequence

DIGEST_HEX_DIGITS = 32


def canonical_json(value: object) -> str:
    """Return the one JSON text for `value`: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: `value` holds a non-finite number.
        TypeError: `value` holds something JSON has no form for.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def trial_ids(study_id: str, numbers: Sequence[int]) -> list[str]:
    """Return the identity of each trial of a study, as `digest("trial", study_id, number)`."""
    before = hashlib.blake2b(digest_size=DIGEST_HEX_DIGITS // 2)
    before.update(canonical_json(["trial", study_id])[:-1].encode())
    found = []
    for number in numbers:
        one = before.copy()
        one.update(f",{number}]".encode())
        found.append(one.hexdigest())
    return found


def digest(*parts: object) -> str:
    """Return a 128-bit hexadecimal BLAKE2 digest of the canonical JSON of `parts`."""
    text = canonical_json(list(parts)).encode()
    return hashlib.blake2b(text, digest_size=DIGEST_HEX_DIGITS // 2).hexdigest()
