"""Measurements against rivals, run by `make bench`; criterion's own benches lie beside it."""
