# LabelMeFacade (labelled) and CamVid by day: drive 0016E5 is the target, 0006R0 is scored.
_base_ = './labelmefacade2camvid_dusk.py'
train_dataloader = dict(dataset=dict(target=dict(drives=('0016E5',))))
val_dataloader = dict(
    dataset=dict(data_prefix=dict(img_path='train', seg_map_path='trainannot'), drives=('0006R0',))
)
test_dataloader = val_dataloader
