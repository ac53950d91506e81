"""The demo: a sample module in three commits, deployed for real and taken back."""
