"""Which days are days off. The ground knows (city/days.py); the publisher's files find it here."""

from city.days import holiday as holiday
from city.days import is_working as is_working
from city.days import working_day as working_day
