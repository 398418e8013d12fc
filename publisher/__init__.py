"""SPEAKS: announcements from template to approval to delivery, each delivered once."""
