# LabelMeFacade (labelled, both splits); evaluation on CamVid's dusk drive, six classes.
_base_ = './camvid_day.py'
classes = ('sky', 'building', 'road', 'pavement', 'tree', 'car')
source = dict(
    _delete_=True,
    type='LabelMeFacadeDataset',
    data_root='{{$MMSEG_MAXSQUARE_DATA:data}}/LabelMeFacade',
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        # Portrait and square images, too, are at least as large as the crop.
        dict(
            type='RandomChoiceResize',
            scales=[320, 360, 400],
            resize_type='ResizeShortestEdge',
            max_size=1000,
        ),
        dict(type='RandomCrop', crop_size=(240, 320)),
        dict(type='RandomGaussianBlur'),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackSegInputs'),
    ],
)
train_dataloader = dict(dataset=source)
val_dataloader = dict(dataset=dict(metainfo=dict(classes=classes)))
test_dataloader = val_dataloader
