"""Pipelines against pipelines, from topic to topic: `make bench-pipeline`."""
