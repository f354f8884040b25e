# Does the form of the loss matter? Three losses at three equal strengths, five seeds.
title = 'Evidence 2 of 4: losses at equal strength'
tables = ['evidence_strength_camvid_dusk', 'evidence_strength_labelmefacade_dusk']
seeds = [0, 1, 2, 3, 4]
report = 'evidence'
folder = 'evidence'
