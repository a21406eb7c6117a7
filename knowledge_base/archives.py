"""What reading a zip file that is damaged, or locked, may raise."""

import lzma
import zipfile
import zlib

BROKEN = (
    OSError, EOFError, ValueError, TypeError, KeyError, MemoryError, zipfile.BadZipFile,
    zlib.error, lzma.LZMAError,
    # An unknown way to pack is a NotImplementedError, which is one; so is a missing password.
    RuntimeError,
)  # fmt: skip
"""Also of arrays inside: a header of NumPy's may say anything."""
