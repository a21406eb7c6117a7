"""Tries what may never fail: killed searches, and many writers of one knowledge base."""
