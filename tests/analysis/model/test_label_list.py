"""Label lists: every form that one may have, and what is refused in one sentence."""

from __future__ import annotations

import json

import pytest

from insight_dagster.analysis.model.label_list import kinetics_labels, read_labels
from insight_dagster.errors import ModelError

NAMES = ("abseiling", "air drumming", "été à Åre", "登山", "3 point shot")
COMPOSED, SPLIT = "\u00e9t\u00e9", "e\u0301te\u0301"


def indexed(separator, *, first=0, quote=""):
    lines = [f"{n}{separator}{quote}{name}{quote}" for n, name in enumerate(NAMES, first)]
    return "\n".join(lines)


FORMS = {
    "plain": "\n".join(NAMES),
    "blank lines": "\n\n".join(f"  {name} \t" for name in NAMES) + "\n\n",
    "windows": "\r\n".join(NAMES) + "\r\n",
    "mac": "\r".join(NAMES),
    "quoted": "\n".join(f'"{name}"' for name in NAMES),
    "single quotes": "\n".join(f"'{name}'" for name in NAMES),
    "header": "label\n" + "\n".join(NAMES),
    "comma": indexed(","),
    "comma and blank": indexed(", "),
    "semicolon": indexed(";"),
    "tab": indexed("\t"),
    "blank": indexed(" "),
    "colon": indexed(": "),
    "from 1": indexed(" ", first=1),
    "csv": "id,name\n" + indexed(",", quote='"'),
    "csv, all quoted": '"index","label"\n' + indexed('","').replace("\n", '"\n"').join('""'),
    "csv, name first": "name,id\n" + "\n".join(f'"{name}",{n}' for n, name in enumerate(NAMES)),
    "any order": "\n".join(reversed(indexed(",").splitlines())),
    "json list": json.dumps(NAMES),
    "json of names": json.dumps({name: n for n, name in enumerate(NAMES)}),
    "json of texts": json.dumps({name: str(n) for n, name in enumerate(NAMES)}, indent=1),
    "json of indices": json.dumps({str(n): name for n, name in enumerate(NAMES)}),
    "json of pytorchvideo": json.dumps({f'"{name}"': n for n, name in enumerate(NAMES)}),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_list_gives_the_same_labels(tmp_path, form, encoding):
    path = tmp_path / "labels.txt"
    path.write_bytes(FORMS[form].encode(encoding))
    assert read_labels(path) == NAMES


@pytest.mark.parametrize(
    "names",
    [
        ("cooking, baking", "rock climbing"),
        ("3 point shot", "dunk", "100 m sprint"),
        ("0", "1", "2"),
        ("don't walk", "walk"),
        ("#1", "(a)"),
    ],
)
def test_plain_names_stay_as_they_are(tmp_path, names):
    path = tmp_path / "labels.txt"
    path.write_text("\n".join(names), encoding="utf-8")
    assert read_labels(path) == names


def test_a_label_with_the_separator_is_read_in_quotes(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text('0,"cooking, ""slow"""\n1,walk\n')
    assert read_labels(path) == ('cooking, "slow"', "walk")


REFUSED = {
    "empty": (b"", "is empty"),
    "blank": (b"\n \n", "list of strings"),
    "bytes": (b"a\xff\xfe", "not UTF-8"),
    "utf-16 without mark": ("a\nb".encode("utf-16-le"), "line 1: .* is not a label"),
    "repeated": (b"a\nb\na", "'a' occurs more than once"),
    "repeated, other spelling": (f"{COMPOSED}\n{SPLIT}".encode(), "occurs more than once"),
    "index repeated": (b"0,a\n1,b\n1,c", "line 3: index 1 occurs a second time"),
    "gap": (b"0,a\n1,b\n3,c", "index 2 is missing among 3 labels up to index 3"),
    "numbers in names": (b"5 km\n10 km", "index 0 is missing.*quotes"),
    "one without index": (b"0,a\n1,b\nc\n3,d", "line 3: 'c' has no index"),
    "one with index": (b"a\nb\n2,c\nd", "line 3: '2,c' has an index"),
    "columns": (b"0,a,120\n1,b,80", "line 1: '0,a,120' has 3 columns"),
    "code": (b'"a",\n"b",', "line 1: .* is not a label|ends like a list in code"),
    "commas": (b"a,\nb,", "line 1: 'a,' ends like a list in code"),
    "pbtxt": (b"item {\n name: 'a'\n id: 1\n}", "is not a label"),
    "control": (b"a\nb\x1b[2Jc", "line 2: .* is not a label"),
    "long": (b"a\n" + b"x" * 9999, "line 2 has 9999 characters"),
    "json, cut": (b'["a", "b"', "begins like JSON but is not valid JSON"),
    "json, numbers": (b"[1, 2]", "neither a list of labels"),
    "json, nested": (b'{"a": {"id": 0}}', "not a label with its index"),
    "json, repeated": (b'{"a": 0, "a": 1}', "'a' occurs more than once"),
    "json, index repeated": (b'{"a": 0, "b": 0}', "index 0 occurs a second time"),
    "json, gap": (b'{"a": 0, "b": 2}', "index 1 is missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_is_one_clear_error(tmp_path, case):
    content, pattern = REFUSED[case]
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=pattern) as caught:
        read_labels(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_kinetics_labels_are_400_in_alphabetical_index_order():
    labels = kinetics_labels()
    assert len(labels) == 400 and labels == tuple(sorted(labels))
    # Archery is 5 in the example of PyTorch Hub's X3D page.
    assert (labels[0], labels[5], labels[399]) == ("abseiling", "archery", "zumba")
