"""The whole hospital on one machine: PostgreSQL, Kafka, the services and the gateway as child processes."""
