"""A stand-in town: the platforms' wire formats on one loopback port, for the demo and the tests.

It shares no code with the product it stands in for. Start it with ``python -m simulator --port N``.
"""
