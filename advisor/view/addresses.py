"""Addresses of pages, whose parameters may hold anything."""

from urllib.parse import urlencode


def address(path: str, **parameters: object) -> str:
    """Return the address of a page.

    >>> address("/study", name="a&b")
    '/study?name=a%26b'
    """
    return f"{path}?{urlencode(parameters)}" if parameters else path
