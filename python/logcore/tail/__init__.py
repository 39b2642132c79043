"""Shows the verdicts on a status topic as they come: ``python -m logcore.tail``."""
