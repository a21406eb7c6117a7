"""Callbacks that report from the loops of other libraries; each is an optional extra."""
