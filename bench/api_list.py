"""GET list of 20 full deployments out of 100,000, against a bare ASGI app with the same bytes.

Both apps run in this process over the same PostgreSQL and answer the same number of requests, one
after the other in alternating rounds, through ASGI itself: no socket, no HTTP client in the figure.
"""
