"""What is raised where a step cannot be taken; apart, because the steps and what follows from them need it both."""


class NotAllowed(Exception):
    """Langkah ini tidak dapat dilakukan pada kasus ini."""
