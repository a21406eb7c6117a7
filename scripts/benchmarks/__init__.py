"""One file or folder for each page of docs/benchmarks, run as `python -m scripts.benchmarks.NAME`.

A benchmark states its tasks and contenders by `experiment.py`, times calls by `timing.py` and
writes its page by `report.py`.
"""
