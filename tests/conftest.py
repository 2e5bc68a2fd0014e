"""One Hypothesis profile for the whole suite.

No deadline: the first call of a kernel compiles it. Derandomised: the same cases on every machine and in
every run, so that a red suite says something about the change at hand.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "refnet",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=50,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("refnet")
