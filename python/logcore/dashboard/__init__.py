"""The live page: counts per status, reasons and the latest bad logs, from the status topic to a browser."""
