"""The platform on one machine: its folder, its PostgreSQL and its supervisor."""
