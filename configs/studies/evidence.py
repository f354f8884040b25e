# Does the loss pay? Core rows of three tasks on real photographs, five seeds.
title = 'Evidence 1 of 4: seven rows of three tasks'
tables = ['evidence_camvid_dusk', 'evidence_labelmefacade_day', 'evidence_labelmefacade_dusk']
seeds = [0, 1, 2, 3, 4]
report = 'evidence'
