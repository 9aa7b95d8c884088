"""Makes the depth head: our own scenes, the frozen backbone's features, a small network, its evaluation.

`python -m training.depth.train --scenes N --seed S` does all of it. Read DATA_CARD.md, then `families.py`.
"""
