"""Numbers with their words, for messages."""


def counted(number: int, word: str) -> str:
    """Such as ``1 image`` and ``2 images``."""
    return f'{number:,} {word}' + ('' if number == 1 else 's')
