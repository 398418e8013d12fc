"""REMEMBERS: append-only events, the people and their roles, heartbeats, and the hook that wakes the engine."""
