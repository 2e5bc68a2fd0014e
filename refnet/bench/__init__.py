"""refnet side by side with other engines, in one process and in turns: what `refnet bench` does.

How to read it, bottom up: `intervals.py` (medians and what is known of them), `peak.py` (what the processor can do at
most), `race.py` (who runs when), `healthy.py` (weights to run with), `engines.py` with `own.py`, `onnx_engines.py` and
`torch_engine.py` (who runs), `judge.py` (whose results are right), `rows.py` (one network, everybody, one number of
threads), `operations.py` (where refnet's time goes), `training.py` (a step of training, in the same way); what is shown
is made by `tables.py`, `report.py` and `plot.py`, asked for in `command.py`.
"""
