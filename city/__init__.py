"""THE GROUND: what the city is, apart from anything said about it. Imports nothing of ours."""
