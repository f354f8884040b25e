"""At which size predictions meet labels: numbers by hand, through the configs' pipelines."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmseg.evaluation import IoUMetric
from mmseg.registry import MODELS, TRANSFORMS
from PIL import Image
from torch import nn
from torch.nn.functional import interpolate

from tests.helpers import REPO
from tests.helpers.tiny_data import CLASSES_19, LABEL_IDS, build_dataset, make_cityscapes
from tests.helpers.tiny_models import build_model, head_cfg, plain_cfg

CONFIGS = REPO / 'configs'
CLASSIFICATION = ('office31_', 'digits_')  # scored in accuracies
FULL, SMALL = (48, 64), (16, 32)  # of the files, of the network's input: another aspect
NAMES = {
    'full_resolution': '_base_/datasets/cityscapes_val.py',
    'network_input': 'maxsquare/released/gta2cs.py',
}
VAL = dict(
    type='CityscapesLabelIdDataset',
    data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
    test_mode=True,
)


def shrunk(step: object) -> object:
    """The pipeline for tiny images."""
    if isinstance(step, dict):
        step = {key: shrunk(value) for key, value in step.items()}
        return {**step, 'scale': SMALL[::-1]} if step.get('type') == 'Resize' else step
    return [shrunk(value) for value in step] if isinstance(step, list | tuple) else step


def load(root: Path, protocol: str, tta: bool = False) -> tuple[dict, np.ndarray]:
    """Collated first image in a config's pipeline; its label as it is in the file."""
    if not root.exists():
        make_cityscapes(root, train=0, val=1, size=FULL, labels={'val': 'labelIds'})
    cfg = Config.fromfile(CONFIGS / NAMES[protocol])
    pipeline = cfg.tta_pipeline if tta else cfg.val_dataloader.dataset.pipeline
    dataset = build_dataset(root, VAL, shrunk(pipeline))
    ids = np.array(Image.open(dataset.get_data_info(0)['seg_map_path']))
    return pseudo_collate([dataset[0]]), np.vectorize(LABEL_IDS.get)(ids)


@pytest.fixture
def model() -> nn.Module:
    """A segmentor with random weights that tells the pixels of noise apart."""
    cfg = plain_cfg(decode_head=head_cfg(num_classes=len(CLASSES_19), align_corners=True))
    model = build_model(cfg)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():  # statistics of such images, or one class wins everywhere
        model.train().encode_decode(0.5 * torch.randn(1, 3, *SMALL), [dict(img_shape=SMALL)])
    return model.eval()


@torch.no_grad()
def logits_of(model: nn.Module, image: torch.Tensor) -> torch.Tensor:
    """Logits at the size of the network's input, (1, 19, H, W), without mmseg's inference."""
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ([120.0, 110, 100], [60.0, 55, 50]))
    features = model.backbone(((image.flip(0).float() - mean) / std)[None])
    return resized(model.decode_head(features), image.shape[1:])


def resized(logits: torch.Tensor, size: tuple) -> torch.Tensor:
    return interpolate(logits, size=tuple(size), mode='bilinear', align_corners=True)


def iou_by_hand(prediction: np.ndarray, label: np.ndarray) -> float:
    """mIoU in percent over the classes that occur."""
    ious = []
    for index in range(19):
        predicted, labelled = (prediction == index) & (label != 255), label == index
        if (predicted | labelled).any():
            ious.append((predicted & labelled).sum() / (predicted | labelled).sum())
    return 100 * np.mean(ious)


@pytest.mark.parametrize('protocol', NAMES)
def test_size_and_content(tmp_path: Path, model: nn.Module, protocol: str) -> None:
    """Prediction, logits, label and mIoU of both protocols."""
    batch, label = load(tmp_path / 'data', protocol)
    image = batch['inputs'][0]
    assert image.shape == (3, *SMALL)
    with torch.no_grad():
        (sample,) = model.test_step(batch)
    logits = logits_of(model, image)
    if protocol == 'network_input':
        # Pillow's nearest: what the released code does to labels.
        small = Image.fromarray(label.astype(np.uint8)).resize(
            SMALL[::-1], Image.Resampling.NEAREST
        )
        label = np.array(small)
    else:
        logits = resized(logits, FULL)
    assert len(np.unique(label)) > 10
    torch.testing.assert_close(sample.seg_logits.data, logits[0], rtol=1e-4, atol=1e-4)
    prediction = sample.pred_sem_seg.data[0].numpy()
    assert prediction.shape == label.shape == (SMALL if protocol == 'network_input' else FULL)
    assert len(np.unique(prediction)) > 3
    np.testing.assert_array_equal(prediction, logits[0].argmax(0))
    np.testing.assert_array_equal(sample.gt_sem_seg.data[0], label)
    metric = IoUMetric()
    metric.dataset_meta = dict(classes=CLASSES_19)
    metric.process({}, [sample.to_dict()])
    score = metric.evaluate(1)['mIoU']
    assert score == pytest.approx(iou_by_hand(prediction, label), abs=0.006)


def test_protocols_disagree(tmp_path: Path, model: nn.Module) -> None:
    """They are two numbers: naming the protocol is no formality."""
    scores = []
    for protocol in NAMES:
        with torch.no_grad():
            (sample,) = model.test_step(load(tmp_path / 'data', protocol)[0])
        maps = sample.pred_sem_seg.data[0].numpy(), sample.gt_sem_seg.data[0].numpy()
        scores.append(iou_by_hand(*maps))
    assert abs(scores[0] - scores[1]) > 0.01


@pytest.mark.parametrize('protocol', NAMES)
def test_flips_average_probabilities(tmp_path: Path, model: nn.Module, protocol: str) -> None:
    """SegTTAModel by hand; averaged logits would choose other classes for some pixels."""
    batch, label = load(tmp_path / 'data', protocol, tta=True)
    assert [len(images) for images in batch['inputs']] == [1, 1]
    (image,), (mirrored,) = batch['inputs']
    torch.testing.assert_close(mirrored, image.flip(2))
    merger = MODELS.build(dict(type='SegTTAModel', module=model))
    with torch.no_grad():
        (sample,) = merger.test_step(batch)
    size = SMALL if protocol == 'network_input' else FULL
    pair = [
        resized(logits_of(model, image), size)[0],
        resized(logits_of(model, image.flip(2)).flip(3), size)[0],
    ]
    by_probability = ((pair[0].softmax(0) + pair[1].softmax(0)) / 2).argmax(0)
    by_logit = ((pair[0] + pair[1]) / 2).argmax(0)
    prediction = sample.pred_sem_seg.data.squeeze()
    assert prediction.shape == size
    np.testing.assert_array_equal(prediction, by_probability)
    assert (by_probability != by_logit).sum() >= 5
    assert (by_probability != pair[0].argmax(0)).sum() >= 5
    if protocol == 'network_input':
        small = Image.fromarray(label.astype(np.uint8)).resize(
            SMALL[::-1], Image.Resampling.NEAREST
        )
        label = np.array(small)
    np.testing.assert_array_equal(sample.gt_sem_seg.data.squeeze(), label)


def apply(name: str, **results) -> dict:
    """The transform on a results dict."""
    results = dict(img_path='x.png', img=np.zeros((4, 6, 3), np.uint8), ori_shape=(8, 9)) | results
    return TRANSFORMS.build(dict(type='EvaluationProtocol', name=name))(results)


def test_full_resolution_leaves_everything() -> None:
    """The same objects, nothing added."""
    label = np.arange(72, dtype=np.uint8).reshape(8, 9)
    image = np.zeros((4, 6, 3), np.uint8)
    results = apply('full_resolution', img=image, gt_seg_map=label, img_shape=(4, 6))
    assert set(results) == {'img_path', 'img', 'ori_shape', 'img_shape', 'gt_seg_map'}
    assert results['img'] is image and results['gt_seg_map'] is label
    assert results['ori_shape'] == (8, 9)


def test_network_input_takes_the_nearest_pixel() -> None:
    """By hand: of 8 rows 1, 3, 5, 7 stay in 4, of 9 columns 1, 4, 7 in 3 (their centres)."""
    label = np.arange(72, dtype=np.uint8).reshape(8, 9)
    results = apply('network_input', img=np.zeros((4, 3, 3), np.uint8), gt_seg_map=label)
    assert results['gt_seg_map'].tolist() == [
        [10, 13, 16], [28, 31, 34], [46, 49, 52], [64, 67, 70],
    ]  # fmt: skip
    assert results['gt_seg_map'].dtype == np.uint8
    assert results['ori_shape'] == (4, 3)


def test_ignored_pixels_stay_ignored() -> None:
    """No value between 255 and a class comes up."""
    rng = np.random.default_rng(0)
    label = rng.choice(np.array([3, 255], np.uint8), (8, 9))
    small = apply('network_input', img=np.zeros((5, 7, 3), np.uint8), gt_seg_map=label)
    assert np.unique(small['gt_seg_map']).tolist() == [3, 255]


def test_image_without_label() -> None:
    """Prediction alone, at the size asked for."""
    assert apply('network_input')['ori_shape'] == (4, 6)
    assert apply('full_resolution')['ori_shape'] == (8, 9)
    assert 'gt_seg_map' not in apply('network_input')


@pytest.mark.parametrize('name', NAMES)
def test_label_loaded_before_the_resize(tmp_path: Path, name: str) -> None:
    """mmseg would compare a shrunk label with a full prediction, or twice shrink it."""
    make_cityscapes(tmp_path, train=0, val=1, size=FULL, labels={'val': 'labelIds'})
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='Resize', scale=SMALL[::-1], keep_ratio=False),
        dict(type='EvaluationProtocol', name=name),
        dict(type='PackSegInputs'),
    ]
    with pytest.raises(ValueError, match='LoadAnnotations must come after Resize') as error:
        build_dataset(tmp_path, VAL, pipeline)[0]
    assert 'frankfurt_000000_000019_leftImg8bit.png has size (16, 32)' in str(error.value)
    assert 'originally (48, 64)' in str(error.value)


@pytest.mark.parametrize('name', ['full', '', 'Network_input', None])
def test_other_protocols(name: object) -> None:
    with pytest.raises(ValueError, match="'full_resolution', 'network_input'"):
        TRANSFORMS.build(dict(type='EvaluationProtocol', name=name))


@pytest.mark.parametrize(
    ('folder', 'expected'),
    [
        ('maxsquare/released', 'network_input'),
        ('source_only', 'full_resolution'),
        ('_base_/datasets', 'full_resolution'),
    ],
)
def test_every_config_names_its_protocol(folder: str, expected: str) -> None:
    """released/ scores at the network's input, everything else at full resolution."""
    paths = sorted((CONFIGS / folder).glob('*.py'))
    assert len(paths) >= 4
    for path in paths:
        cfg = Config.fromfile(path)
        if path.name.startswith(CLASSIFICATION):
            continue
        for pipeline in (
            cfg.val_dataloader.dataset.pipeline,
            cfg.test_dataloader.dataset.pipeline,
            cfg.tta_pipeline,
        ):
            assert protocols_of(pipeline) == [expected], path


def protocols_of(step: object) -> list[str]:
    """Names of all EvaluationProtocol steps in a pipeline."""
    if isinstance(step, dict):
        own = [step['name']] if step.get('type') == 'EvaluationProtocol' else []
        return own + protocols_of(list(step.values()))
    inner = step if isinstance(step, list | tuple) else []
    return [name for value in inner for name in protocols_of(value)]
