"""Chooses who plays each part. The only package that names an adapter."""
