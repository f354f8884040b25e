"""Which target images are trained on, and which are looked at."""

from pathlib import Path

import pytest

from mmseg_maxsquare.adapt.hold_out import hold_out


def frames(folder: str, count: int) -> list[Path]:
    return [Path(folder, f'{i:04d}.png') for i in range(count)]


@pytest.mark.parametrize(
    ('found', 'held'), [(10, 4), (19, 4), (30, 6), (62, 12), (160, 32), (5000, 32)]
)
def test_a_fifth_but_four_to_32(found: int, held: int) -> None:
    images = frames('a', found)
    train, looked_at = hold_out(images)
    assert len(looked_at) == held
    assert train + looked_at == images  # one block, at the end


def test_each_folder_has_its_block() -> None:
    first, second, third = frames('a', 40), frames('b', 8), frames('c', 2)
    train, looked_at = hold_out(first + second + third)
    assert looked_at == [*first[-8:], *second[-2:]]
    assert train == [*first[:-8], *second[:-2], *third]


@pytest.mark.parametrize('count', [1, 9])
def test_few_images_are_used_for_both(count: int) -> None:
    images = frames('a', count)
    assert hold_out(images) == (images, images)


def test_more_folders_than_held_out_images() -> None:
    images = [Path(f'{i:03d}', '0.png') for i in range(100)]
    train, looked_at = hold_out(images)
    assert len(looked_at) == 20
    assert sorted(train + looked_at) == images
