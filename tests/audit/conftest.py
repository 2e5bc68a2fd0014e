"""One run of the whole audit for every test of what is made from it."""

import pytest

from refnet.papers.behind import recorded_audit
from refnet.papers.page import html_page


@pytest.fixture(scope="session")
def recorded():
    """The audit, and the networks behind each claim."""
    return recorded_audit()


@pytest.fixture(scope="session")
def page(recorded):
    return html_page(*recorded)
