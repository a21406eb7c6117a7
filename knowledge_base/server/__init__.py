"""A team's knowledge base on PostgreSQL: a copy on this computer, and an outbox for what is new."""
