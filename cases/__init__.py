"""ANSWERS: one citizen's matter with a number, a state and its history."""
