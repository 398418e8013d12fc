"""HEARS: sources, mentions, and cursors that move only after what they cover is stored."""
