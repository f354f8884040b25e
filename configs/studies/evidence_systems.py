# The systems that the paper compares with, three seeds.
title = 'Evidence 3 of 4: other systems'
tables = ['evidence_systems_camvid_dusk', 'evidence_systems_labelmefacade_day']
seeds = [0, 1, 2]
report = 'evidence'
folder = 'evidence'
