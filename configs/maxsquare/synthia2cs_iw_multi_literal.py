# By the letter of Eq. 13 and 16.
_base_ = './synthia2cs_multi_literal.py'
model = dict(target_loss=dict(alpha=0.2))
