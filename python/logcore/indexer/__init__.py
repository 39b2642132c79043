"""Indexes the status topic in Elasticsearch: ``python -m logcore.indexer``."""
