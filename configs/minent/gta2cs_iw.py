# MinEnt+IW, GTA5 -> Cityscapes.
# Entropy has no 1/2 to drop: lambda_T stays 0.1.
_base_ = './gta2cs.py'
model = dict(target_loss=dict(alpha=0.2, weight_by='argmax'))
