"""A team's knowledge base on a PostgreSQL server: its schema, and talking to it.

`knowledge_base.team` makes a knowledge base of it.
"""

from knowledge_base.server.address import Address, is_address
from knowledge_base.server.client import Client, NotReached
from knowledge_base.server.setup import grant, init_server

__all__ = ["Address", "Client", "NotReached", "grant", "init_server", "is_address"]
