"""One PostgreSQL and one Kafka for the whole run."""
