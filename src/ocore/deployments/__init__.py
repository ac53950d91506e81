"""The heart: what a deployment is, what comes next, and how it ended."""
