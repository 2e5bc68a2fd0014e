"""The rules of the audit: from a print and computed values to a verdict that nobody chose."""

from dataclasses import replace
from fractions import Fraction

import pytest

from refnet.papers import CLAIMS
from refnet.papers.claim import Claim, Computed, Table
from refnet.papers.verdict import WORDS, judge


def judged(printed, values, main="MADD", zeros=False, **computed):
    claim = Claim("X", "here", printed, "M", Table("here", zeros=zeros), "x", lambda networks: None, main=main)
    return judge(claim, Computed(values, **computed))


RULES = [  # print, values by convention, verdict, convention, reading
    ("569", {"MADD": 568_740_352}, "exact", "MADD", "rounded"),
    ("568", {"MADD": 568_740_352}, "convention", "MADD", "cut"),
    (
        "4866",
        {"MADD": 4_867_293_184, "MADD-HEADLESS": 4_866_269_184},
        "convention",
        "MADD-HEADLESS",
        "rounded",
    ),
    ("1600", {"MADD": 1_550_000_000}, "exact", "MADD", "rounded"),
    ("570", {"MADD": 568_740_352}, "exact", "MADD", "rounded"),
    ("575", {"MADD": 568_740_352}, "unexplained", "MADD", ""),
]


@pytest.mark.parametrize(("printed", "values", "verdict", "convention", "reading"), RULES)
def test_verdict_of_a_figure(printed, values, verdict, convention, reading):
    result = judged(printed, values)
    assert (result.verdict, result.convention, result.reading) == (verdict, convention, reading)


def test_the_main_convention_comes_first_whatever_the_order():
    result = judged("4.2", {"P-BIAS": 4_210_088, "P-WEIGHTS": 4_209_088}, main="P-WEIGHTS")
    assert (result.verdict, result.convention) == ("exact", "P-WEIGHTS")
    assert [fit.convention for fit in result.fits] == list(result.values) == ["P-WEIGHTS", "P-BIAS"]


def test_zeros_count_where_the_table_says_so():
    assert judged("570", {"MADD": 568_740_352}, zeros=True).verdict == "unexplained"
    assert judged("570", {"MADD": 568_740_352}, zeros=True).significant == 3
    assert judged("570", {"MADD": 568_740_352}).significant == 2


def test_an_erratum_needs_a_proof_and_a_print_that_nothing_gives():
    assert judged("575", {"MADD": 568_740_352}, refuted=True).verdict == "erratum"
    assert judged("569", {"MADD": 568_740_352}, refuted=True).verdict == "exact"


def test_what_the_paper_does_not_describe_is_not_compared():
    values = {"MADD": 568_740_352}
    implied = judged("569", values, free="the size of the embedding", implied=(128, 256))
    assert (implied.verdict, implied.fits) == ("not determinable", ())
    text = "The paper does not give the size of the embedding; the print implies"
    assert implied.explanation.startswith(f"{text} 128 to 256.")
    assert judged("569", values, free="a", implied=(7, 7)).explanation.startswith(
        "The paper does not give a; the print implies 7."
    )
    assert judged("569", values, free="its baseline").explanation == "The paper does not give its baseline."


def test_verdict_of_a_statement():
    both = {"MADD": 1, "MADD-HEADLESS": 2}
    verdicts = {
        (True, True): "exact",
        (True, False): "exact",
        (False, True): "convention",
        (False, False): "unexplained",
    }
    for (main, other), verdict in verdicts.items():
        assert judged("formula", both, holds={"MADD": main, "MADD-HEADLESS": other}).verdict == verdict
    assert judged("formula", {"MADD": 1}, holds={"MADD": False}, refuted=True).verdict == "erratum"


@pytest.mark.parametrize("word", WORDS)
def test_a_round_word_has_one_tolerance(word):
    low, high, meaning = WORDS[word]
    claim = Claim("X", "here", word, "x", Table("here"), "x", lambda networks: None, main="MADD", word=word)
    inside, outside = (
        Computed({"MADD": 1}, measured=(low, high)),
        Computed({"MADD": 1}, measured=(low, high * 2)),
    )
    assert judge(claim, inside).verdict == "approximate"
    assert meaning in judge(claim, inside).explanation
    assert judge(claim, outside).verdict == "unexplained"
    assert judge(claim, replace(outside, refuted=True)).verdict == "erratum"


def test_round_words_stand_only_where_the_paper_has_them():
    for claim in CLAIMS:
        assert not claim.word or claim.word.split()[0] in claim.printed, claim.id


def test_names_outside_the_closed_lists_are_refused():
    with pytest.raises(ValueError, match="convention: wanted one of MADD, "):
        judged("569", {"MADD": 1, "MADD-MINE": 2})
    claim = Claim("X", "here", "nearly", "x", Table("here"), "x", None, main="MADD", word="nearly")
    with pytest.raises(ValueError, match="word: wanted one of 8 to 9, "):
        judge(claim, Computed({"MADD": 1}, measured=(1,)))


def test_a_round_word_speaks_of_something():
    claim = Claim("X", "here", "very little", "%", Table("here"), "x", None, main="MADD", word="very little")
    with pytest.raises(ValueError, match="wanted numbers that 'very little' speaks of, got none"):
        judge(claim, Computed({"MADD": 1}))


def test_the_tolerances_of_round_words():
    assert {name: (word.low, word.high) for name, word in WORDS.items()} == {
        "8 to 9": (Fraction(15, 2), Fraction(19, 2)),
        "roughly squared": (Fraction(3, 2), Fraction(5, 2)),
        "2.5 times": (Fraction(12, 5), Fraction(13, 5)),
        "more than": (1, Fraction(5, 4)),
        "very little": (0, 5),
    }
