"""JUDGES: what a post is, how sure that is, and what a person decided about it."""
