"""Elasticsearch, as the commands that write to it and read from it share it: connection and index templates."""
