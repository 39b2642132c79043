"""Kafka, MariaDB and Elasticsearch on one machine, without docker: ``python -m stack up|down|status``.

Standard library only, so that any Python from 3.9 on runs it before anything is installed. Linux only, for it reads
``/proc``.
"""
