"""Errors that speak to the user: what was wrong, where, and what to do.

The tree of them:

    Exception
      x UserError                   bad input of any kind
          + KnowledgeBaseError      a knowledge base file that cannot be used
              - DamagedFileError    a file that was right once
              - TooLargeError       a file beyond the limits of `limits`
              - WrongFileError      a database that holds something else than our tables
          + SpaceError              a wrong search space, or a configuration that is not in it
          + ContributionError       a contribution that cannot be read as a whole
      x DatabaseLocked              another process has the database; never reaches the user
"""

import logging

LOG = logging.getLogger("knowledge_base")
"""Where it is said, one line each, what was met and left out."""

MISSING = "missing_knowledge_base"
"""Attribute of what is logged of a knowledge base that was named and is not there."""


class Warnings(list[str]):
    """What was met and left out, one line each: each line is kept, and logged, once."""

    def tell(self, line: str) -> None:
        """Add a line, unless it was told already."""
        if line not in self:
            self.append(line)
            LOG.warning(line)


class UserError(Exception):
    """Bad input. The command line prints the message as one line and exits with code 2."""


class KnowledgeBaseError(UserError):
    """A knowledge base cannot be used: it is none, too new, damaged, locked or read only."""


class DamagedFileError(KnowledgeBaseError):
    """A file was right once and is now cut short or altered."""


class TooLargeError(KnowledgeBaseError):
    """A file is larger than `limits` says, or becomes so in memory."""


class WrongFileError(KnowledgeBaseError):
    """A DuckDB file holds views, macros or other columns than a knowledge base does."""


class SpaceError(UserError):
    """A search space is defined wrongly, or a configuration is not in it."""


class ContributionError(UserError):
    """A contribution as a whole cannot be read; single bad rows are reported instead."""


class DatabaseLocked(Exception):
    """Another process holds the database; whoever asked may try again later."""
