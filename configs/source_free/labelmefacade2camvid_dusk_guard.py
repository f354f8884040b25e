# As camvid_day2dusk_guard.py, from LabelMeFacade.
_base_ = './camvid_day2dusk_guard.py'
classes = ('sky', 'building', 'road', 'pavement', 'tree', 'car')
load_from = None
model = dict(decode_head=dict(num_classes=6))
train_dataloader = dict(dataset=dict(target=dict(metainfo=dict(classes=classes))))
val_dataloader = dict(dataset=dict(metainfo=dict(classes=classes)))
test_dataloader = val_dataloader
