# CamVid, day -> dusk, three seeds.
title = 'CamVid, day -> dusk: the methods and two controls on three seeds'
tables = ['camvid_day2dusk']
seeds = [0, 1, 2]
