# Source-free: squares on norm layers with the class-share anchor, LabelMeFacade -> CamVid dusk.
_base_ = './camvid_day2dusk.py'
classes = ('sky', 'building', 'road', 'pavement', 'tree', 'car')
load_from = 'work_dirs/source_only/labelmefacade/iter_500.pth'
model = dict(decode_head=dict(num_classes=6), anchor=dict(checkpoint=load_from))
train_dataloader = dict(dataset=dict(target=dict(metainfo=dict(classes=classes))))
val_dataloader = dict(dataset=dict(metainfo=dict(classes=classes)))
test_dataloader = val_dataloader
