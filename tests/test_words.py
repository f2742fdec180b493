"""Are marks read and words folded as people mean them, and never slowly?"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.guidance.words import Line, Span, fold, lines, links, plain


def test_the_four_marks_are_read_and_nothing_else():
    text = "**Ask** _first_, see [the page](https://www.canada.ca/a_b_c).\n- one\n- two_of_2"
    assert lines(text) == (
        Line((Span("Ask", strong=True), Span(" "), Span("first", emphasis=True), Span(", see "),
              Span("the page", href="https://www.canada.ca/a_b_c"), Span("."))),
        Line((Span("one"),), bullet=True),
        Line((Span("two_of_2"),), bullet=True),
    )  # fmt: skip
    assert links(text) == ("https://www.canada.ca/a_b_c",)
    assert plain(text) == "Ask first, see the page.\n- one\n- two_of_2"


def test_what_a_hurried_person_types_folds_to_the_same():
    assert (
        fold("L’Œuvre, déjà  PUBLIÉE!") == fold("l oeuvre deja publiee") == "l oeuvre deja publiee"
    )


@given(st.text(max_size=400))
def test_folding_in_slices_gives_what_folding_at_once_would(text: str):
    whole = unicodedata.normalize("NFKD", fold(text))
    assert fold(text) == whole
    assert fold(fold(text)) == fold(text)
    assert fold(text + "e\u0301" * 200) == fold(text + "é" * 200)


def test_long_runs_of_combining_marks_are_normalized_in_short_pieces(
    monkeypatch: pytest.MonkeyPatch,
):
    """Normalizing such a run in one piece takes seconds."""
    pieces: list[int] = []
    real = unicodedata.normalize

    def normalize(form: str, text: str) -> str:
        pieces.append(len(text))
        return real(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr(unicodedata, "normalize", normalize)
    assert fold("a" + "\u0300" * 15_000 + "\u0323" * 15_000) == "a"
    assert max(pieces) <= 128
