"""Identities: canonical JSON and short content digests."""

import hashlib
import json
from typing import Any

DIGEST_HEX_DIGITS = 32


def canonical_json(value: Any) -> str:
    """Return the one JSON text for `value`: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: `value` holds a non-finite number.
        TypeError: `value` holds something JSON has no form for.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(*parts: Any) -> str:
    """Return a 128-bit hexadecimal BLAKE2 digest of the canonical JSON of `parts`."""
    text = canonical_json(list(parts)).encode()
    return hashlib.blake2b(text, digest_size=DIGEST_HEX_DIGITS // 2).hexdigest()
