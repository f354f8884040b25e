# Which indicators without labels can be trusted, and how well the guard chooses by them.
title = 'The guard: good and collapsing adaptations of three tasks, looked at every 25 steps'
tables = ['guard_camvid_dusk', 'guard_labelmefacade_dusk', 'guard_labelmefacade_day']
seeds = [0, 1, 2]
report = 'guard'
