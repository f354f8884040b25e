"""What the loaders' messages about a file mean, and how to fix it."""

from .content import COPY_AGAIN

# Messages of the loaders about a label, and how to fix it.
REFUSALS = {
    'size': (
        'labels of another size',
        'replace one of them with the original, or leave the pair out with an ann_file',
    ),
    'unknown ids': (
        'labels with unknown ids',
        'is it a file of another data set, or a converted copy? Take the original label files, or '
        'a data set class whose table fits',
    ),
    'channels': (
        'labels that hold no ids',
        'take the label files with ids, as published; colour images of labels, or files saved '
        'by an image editor, must be converted back to ids',
    ),
    'shape': (
        'labels that hold no ids',
        'take label files with one 8-bit id per pixel',
    ),
}
REFUSED = 'expected 8-bit colour'  # the words of LoadImage
IMAGE_REFUSALS = {
    REFUSED: (
        'images that are not 8-bit colour',
        'convert them to 8-bit RGB, with the brightness that your camera needs',
    ),
    'is a label file': (
        'label files among the images',
        'are img_path and seg_map_path exchanged? Take the labels out, or list the images to use '
        'in an ann_file',
    ),
}
ODD_IMAGES = (  # which the reader accepts
    ('16-bit', 'images of 16 bits', 'the reader divides the values by 256'),
    ('grey', 'greyscale images', 'used as three equal channels'),
)
IF_PHOTOGRAPHS = 'nothing has to be done if they are photographs as you want them'
DAMAGED = ('damaged labels', COPY_AGAIN)
