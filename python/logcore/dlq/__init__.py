"""Dead letters: the bad logs of a status topic, found, looked at, exported and replayed: ``python -m logcore.dlq``."""
