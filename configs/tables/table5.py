# Table 5: sensitivity to the parameters, GTA5 -> Cityscapes. A grid makes one row of each
# of its values (or combinations); cells that are also in another table share its runs.
# At alpha = 0 the released weighting is twice its own MaxSquare: a lambda_T of 0.2.
title = 'Table 5: parameters, GTA5 -> Cityscapes'
paper = '5'
start = 'source_only/gta.py'
rows = [
    dict(
        name='MaxSquare',
        config='maxsquare/gta2cs.py',
        grid=dict(lambda_T=('model.target_loss.loss_weight', [0.5, 0.2, 0.1, 0.05, 0.02])),
    ),
    dict(
        name='MaxSquare+IW',
        config='maxsquare/gta2cs_iw.py',
        grid=dict(alpha=('model.target_loss.alpha', [0, 0.1, 0.15, 0.2, 0.25, 0.3])),
    ),
    dict(
        name='MaxSquare+IW+Multi',
        config='maxsquare/gta2cs_iw_multi.py',
        grid=dict(delta=('model.guidance.threshold', [0.98, 0.95, 0.9, 0.8])),
    ),
]
