"""The look of the street in each data set, which defines the domain gaps."""

# Position of each data set between the look of the source, 0, and that of the target, 1.
# The gap between two data sets is the difference of their numbers. Change these for a harder
# or easier world; LOOKS has the individual differences.
GAPS = dict(
    gta5=0.0, synthia=0.0, cityscapes=1.0, Rome=0.7, Rio=0.3, Tokyo=0.5, Taipei=0.4
)  # fmt: skip
LOOKS = dict(  # (source, target); colours are RGB and mixed at random, the rest are ranges
    road=(((72, 72, 78), (104, 102, 100)), ((104, 100, 96), (146, 138, 128))),
    sidewalk=(((138, 134, 128), (178, 172, 162)), ((112, 102, 98), (162, 150, 138))),
    building=(
        ((196, 164, 124), (152, 84, 62), (206, 204, 198), (118, 122, 136)),
        ((136, 118, 104), (176, 150, 118), (104, 98, 104), (158, 128, 112)),
    ),
    vegetation=(((38, 92, 30), (96, 134, 48)), ((58, 80, 34), (118, 112, 46))),
    sky=(((84, 144, 224), (156, 200, 244)), ((172, 170, 176), (214, 204, 192))),
    fence=(((112, 84, 58), (158, 152, 146)), ((90, 88, 80), (136, 126, 110))),
    pole=(((70, 72, 74), (120, 120, 118)), ((88, 84, 78), (134, 126, 116))),
    haze=(((190, 210, 230), (200, 214, 228)), ((200, 190, 178), (212, 200, 184))),
    fog=((0.000, 0.004), (0.006, 0.015)),  # per metre
    light=((1.0, 1.0, 0.98), (0.90, 0.82, 0.70)),  # factor of red, green and blue
    gamma=((0.90, 1.05), (1.0, 1.15)),
    contrast=((1.0, 1.15), (0.8, 1.0)),
    noise=((1, 3), (3, 5)),  # grey values
    blur=((0.2, 0.4), (0.4, 0.7)),  # pixels
    camera=((1.4, 1.7), (1.8, 2.2)),  # metres above the road
    horizon=((0.42, 0.47), (0.38, 0.43)),  # of the image height
    storeys=((2, 6), (3, 7)),
    gaps=((0.2, 0.4), (0.3, 0.6)),  # share of the street front without buildings
    cars=((2, 5), (1, 4)),
    persons=((2, 5), (3, 7)),
    trees=((1, 3), (2, 5)),
)
TEXTURE = dict(road=0.10, sidewalk=0.10, building=0.10, vegetation=0.22, sky=0.05)
