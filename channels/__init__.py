"""THE OUTSIDE: one file per channel, both directions. Platform SDKs and requests appear only here."""
