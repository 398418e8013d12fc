"""Text in, verdict out. No Django, no network."""
