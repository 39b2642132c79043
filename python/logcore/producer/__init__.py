"""``python -m logcore.producer``: generated logs into a Kafka topic, at a rate that is kept."""
