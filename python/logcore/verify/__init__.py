"""Accounts for every log at every hop: ``python -m logcore.verify``."""
