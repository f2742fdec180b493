"""Are the forms of Slack read as the standard library reads them, only sooner?"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.requests import MAX_DEPTH, RefusedError
from bot.channels.slack.ingress import parse

FORM = "application/x-www-form-urlencoded"
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name != "payload")


@given(st.dictionaries(NAMES, st.text(max_size=60), max_size=8))
def test_a_form_is_read_back_as_it_was_written(fields: dict[str, str]):
    for by in (quote_plus, quote):
        assert parse(FORM, urlencode(fields, quote_via=by).encode()) == fields


@given(st.text(alphabet="ab=&+%20é3Dn\n\r_\t ", max_size=40))
def test_what_the_library_reads_without_a_broken_escape_is_read_the_same(text: str):
    raw = text.encode()
    try:
        found = parse(FORM, raw)
    except RefusedError:
        return
    wanted = dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    assert found == wanted


@pytest.mark.parametrize("raw", [b"a=%", b"a=%4", b"a=%zz", b"a=%4g", b"a=%ff", b"\xff=1"])
def test_a_broken_escape_or_broken_text_is_refused(raw: bytes):
    with pytest.raises(RefusedError) as refused:
        parse(FORM, raw)
    assert refused.value.status == 400


@pytest.mark.parametrize("deep", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 990, 50_000])
def test_json_is_read_down_to_a_depth_and_no_further(deep: int):
    text = '{"a":' + "[" * (deep - 1) + "]" * (deep - 1) + "}"
    if deep <= MAX_DEPTH:
        assert "a" in parse("application/json", text.encode())
    else:
        with pytest.raises(RefusedError):
            parse("application/json", text.encode())
