"""Teaching the shipped model from real posts, which lie outside this repository. Not needed to run the product."""
