"""Numbers with their words, for messages."""


def counted(number: int, word: str) -> str:
    """Such as ``1 image`` and ``2 images``."""
    return f'{number:,} {word}' + ('' if number == 1 else 's')


def scored_images(scores: dict) -> str:
    """Such as ``on 12 images, 8 of which were trained on``; empty if that is not known."""
    if 'images' not in scores:
        return ''
    trained = f'{scores["trained"] or "none"} of which {_was(scores["trained"])} trained on'
    return f'on {scores["images"]} of {counted(scores["of"], "image")}, {trained}'


def _was(number: int) -> str:
    return 'were' if number > 1 else 'was'
