"""Storage: the records, in PostgreSQL."""
