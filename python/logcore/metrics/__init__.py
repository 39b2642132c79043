"""Figures of the running commands: for Prometheus to scrape, and as documents in Elasticsearch."""
