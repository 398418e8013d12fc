"""What anyone may ask: health now; status pages and webhooks later."""
