"""Small things with no opinion about deployments."""
