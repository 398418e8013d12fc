"""The staff's web. It reads forms, calls an app's function and renders; no rule lives here."""
