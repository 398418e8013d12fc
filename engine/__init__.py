"""DRIVES: the clock, the pipeline hear → judge → open, and the two executors behind one seam."""
