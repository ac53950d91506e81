"""Benchmarks: each prints one JSON line with a ratio measured in one run, and what is aimed at."""
