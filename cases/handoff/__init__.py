"""Hand-offs: a case given to a receiver, once, with proof. One file per receiver; engine.py claims, does, records."""
