"""`python -m ocore` is `ocore`."""

from ocore.main import app

app()
