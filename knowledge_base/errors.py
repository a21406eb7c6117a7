"""Errors that speak to the user: what was wrong, where, and what to do."""


class UserError(Exception):
    """Bad input. The command line prints the message as one line and exits with code 2."""


class KnowledgeBaseError(UserError):
    """The knowledge base file cannot be used (not one, newer version, damaged, locked)."""


class DamagedFileError(KnowledgeBaseError):
    """A file was once right and is now cut short or altered."""


class SpaceError(UserError):
    """A search space definition is wrong."""


class ContributionError(UserError):
    """A contribution as a whole cannot be read (single bad rows are reported instead)."""
