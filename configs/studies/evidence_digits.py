# Classification: digits both ways, five seeds.
title = 'Evidence 4 of 4: digits'
tables = ['digits']
seeds = [0, 1, 2, 3, 4]
report = 'evidence'
folder = 'evidence'
