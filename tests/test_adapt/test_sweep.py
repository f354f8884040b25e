"""One config of each family of mmseg: adapts, is refused, or needs packages that are missing.

docs/guides/adapt.md shows the same table.
"""

import re
from typing import NamedTuple

import pytest

from .family_step import declared, predict, prepare, step
from tests.helpers import REPO

ADAPTS, OPS, MMPRETRAIN = 'adapts', "needs mmcv's compiled ops", 'needs mmpretrain'
MASKS, SIGMOIDS = 'refused: predicts masks', 'refused: a sigmoid for each class'


class Family(NamedTuple):
    """A config of mmseg, and what becomes of it."""

    name: str
    config: str
    result: str = ADAPTS
    size: int = 128


CITY = 'cityscapes-512x1024.py'
FAMILIES = [
    Family('ANN', f'ann/ann_r50-d8_4xb2-40k_{CITY}'),
    Family('APCNet', f'apcnet/apcnet_r50-d8_4xb2-40k_{CITY}'),
    Family('BEiT', 'beit/beit-base_upernet_8xb2-160k_ade20k-640x640.py', size=640),
    Family('BiSeNetV1', 'bisenetv1/bisenetv1_r18-d32-in1k-pre_4xb4-160k_cityscapes-1024x1024.py'),
    Family('BiSeNetV2', 'bisenetv2/bisenetv2_fcn_4xb4-160k_cityscapes-1024x1024.py'),
    Family('CCNet', f'ccnet/ccnet_r50-d8_4xb2-40k_{CITY}', OPS),
    Family('CGNet', 'cgnet/cgnet_fcn_4xb4-60k_cityscapes-680x680.py'),
    Family(
        'ConvNeXt', 'convnext/convnext-tiny_upernet_8xb2-amp-160k_ade20k-512x512.py', MMPRETRAIN
    ),
    Family('DANet', f'danet/danet_r50-d8_4xb2-40k_{CITY}'),
    Family('DDRNet', 'ddrnet/ddrnet_23-slim_in1k-pre_2xb6-120k_cityscapes-1024x1024.py'),
    Family('DeepLabV3', f'deeplabv3/deeplabv3_r18-d8_4xb2-80k_{CITY}'),
    Family('DeepLabV3+', f'deeplabv3plus/deeplabv3plus_r18-d8_4xb2-80k_{CITY}'),
    Family('DMNet', f'dmnet/dmnet_r50-d8_4xb2-40k_{CITY}'),
    Family('DNLNet', f'dnlnet/dnl_r50-d8_4xb2-40k_{CITY}'),
    Family('DPT', 'dpt/dpt_vit-b16_8xb2-160k_ade20k-512x512.py'),
    Family('EMANet', f'emanet/emanet_r50-d8_4xb2-80k_{CITY}'),
    Family('EncNet', f'encnet/encnet_r50-d8_4xb2-40k_{CITY}'),
    Family('ERFNet', f'erfnet/erfnet_fcn_4xb4-160k_{CITY}'),
    Family('FastFCN', f'fastfcn/fastfcn_r50-d32_jpu_aspp_4xb2-80k_{CITY}'),
    Family('Fast-SCNN', f'fastscnn/fast_scnn_8xb4-160k_{CITY}', SIGMOIDS),
    Family('FCN', f'fcn/fcn_r18-d8_4xb2-80k_{CITY}'),
    Family('GCNet', f'gcnet/gcnet_r50-d8_4xb2-40k_{CITY}'),
    Family('HRNet', f'hrnet/fcn_hr18_4xb2-160k_{CITY}'),
    Family('ICNet', 'icnet/icnet_r18-d8-in1k-pre_4xb2-160k_cityscapes-832x832.py'),
    Family('ISANet', f'isanet/isanet_r50-d8_4xb2-40k_{CITY}'),
    Family('K-Net', 'knet/knet-s3_r50-d8_deeplabv3_8xb2-adamw-80k_ade20k-512x512.py'),
    Family('MAE', 'mae/mae-base_upernet_8xb2-amp-160k_ade20k-512x512-ms.py', size=512),
    Family('Mask2Former', f'mask2former/mask2former_swin-s_8xb2-90k_{CITY}', MASKS),
    Family('MaskFormer', 'maskformer/maskformer_swin-s_upernet_8xb2-160k_ade20k-512x512.py', MASKS),
    Family('MobileNetV2', f'mobilenet_v2/mobilenet-v2-d8_deeplabv3_4xb2-80k_{CITY}'),
    Family('MobileNetV3', f'mobilenet_v3/mobilenet-v3-d8-s_lraspp_4xb4-320k_{CITY}', size=512),
    Family('NonLocal Net', f'nonlocal_net/nonlocal_r50-d8_4xb2-40k_{CITY}'),
    Family('OCRNet', f'ocrnet/ocrnet_hr18_4xb2-160k_{CITY}'),
    Family('PIDNet', 'pidnet/pidnet-s_2xb6-120k_1024x1024-cityscapes.py'),
    Family('PointRend', f'point_rend/pointrend_r50_4xb2-80k_{CITY}', OPS),
    Family('PoolFormer', 'poolformer/fpn_poolformer_m36_8xb4-40k_ade20k-512x512.py', MMPRETRAIN),
    Family('PSANet', f'psanet/psanet_r50-d8_4xb2-40k_{CITY}', OPS),
    Family('PSPNet', f'pspnet/pspnet_r18-d8_4xb2-80k_{CITY}'),
    Family('ResNeSt', f'resnest/resnest_s101-d8_deeplabv3_4xb2-80k_{CITY}'),
    Family('SAN', 'san/san-vit-b16_coco-stuff164k-640x640.py', MASKS),
    Family('SegFormer', 'segformer/segformer_mit-b0_8xb1-160k_cityscapes-1024x1024.py'),
    Family('Segmenter', 'segmenter/segmenter_vit-s_fcn_8xb1-160k_ade20k-512x512.py'),
    Family('SegNeXt', 'segnext/segnext_mscan-s_1xb16-adamw-160k_ade20k-512x512.py'),
    Family('Semantic FPN', f'sem_fpn/fpn_r50_4xb2-80k_{CITY}'),
    Family('SETR', 'setr/setr_vit-l_mla_8xb1-80k_cityscapes-768x768.py'),
    Family('STDC', f'stdc/stdc1_4xb12-80k_{CITY}'),
    Family('Swin', 'swin/swin-tiny-patch4-window7-in1k-pre_upernet_8xb2-160k_ade20k-512x512.py'),
    Family('Twins', 'twins/twins_pcpvt-s_fpn_fpnhead_8xb4-80k_ade20k-512x512.py'),
    Family('UNet', f'unet/unet-s5-d16_fcn_4xb4-160k_{CITY}'),
    Family('UPerNet', f'upernet/upernet_r18_4xb2-40k_{CITY}'),
    Family('ViT', 'vit/vit_deit-s16-ln_mln_upernet_8xb2-160k_ade20k-512x512.py'),
]
MESSAGES = {
    MASKS: r'does not classify each pixel by a softmax|cannot be adapted',
    SIGMOIDS: 'makes every class a decision of its own',
}
FAST = ('BiSeNetV1', 'SegFormer', 'STDC', 'OCRNet')  # also without the mark "slow"


@pytest.mark.parametrize(
    'family',
    [
        pytest.param(f, marks=() if f.name in FAST or f.result in MESSAGES else pytest.mark.slow)
        for f in FAMILIES
    ],
    ids=lambda family: family.name,
)
def test_family(family: Family) -> None:
    """Affine parameters and statistics of norm layers move, and nothing else does."""
    size = (family.size, family.size)
    if family.result in MESSAGES:
        with pytest.raises(ValueError, match=MESSAGES[family.result]):
            prepare(family.config, size)
        return
    try:
        model = prepare(family.config, size)
        moved, statistics, used = step(model, size)
    except (ImportError, RuntimeError, ValueError) as error:
        missing = re.search(r'mmpretrain|install (?:onedl-)?mmcv', str(error))
        if family.result == ADAPTS or missing is None:
            raise
        pytest.skip(f'{family.name} {family.result}')
    affine, all_statistics = declared(model, used)
    assert moved <= affine
    assert statistics == all_statistics
    assert len(moved) >= 0.9 * len(affine)  # the gradient of some is zero
    assert predict(model, size).isfinite().all()


def test_the_page_has_this_table() -> None:
    page = (REPO / 'docs/guides/adapt.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| ([^|]+) \| `(\w+/[^`]+\.py)` \| ([^|]+) \|$', page, re.M)
    assert rows == [(f.name, f.config, f.result) for f in FAMILIES]
