"""``python -m logcore.processor``: judges the logs of a topic in one process; see ``--help``."""
