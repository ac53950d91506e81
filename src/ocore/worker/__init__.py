"""Worker: claims deployments and runs them."""
