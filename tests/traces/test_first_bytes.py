"""Whether a file is JSON is seen at its first characters, packed or not."""

import gzip

import pytest

from traces.errors import InputError
from traces.files.text import begins_as_json


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("content", "is_json"),
    [
        (b'{"jobs": []}', True),
        (b"[1]", True),
        (b" \r\n\t{", True),
        (b"\xef\xbb\xbf{", True),
        (b"\xef\xbb\xbf \n[", True),
        (b" " * 4095 + b"{", True),
        (b"job_id,submit\n{", False),
        (b"; Version: 2.2\n", False),
        (b"\x1f{", False),
        (b'"{"', False),
    ],
)
def test_an_object_or_a_list_is_json(tmp_path, pack, content, is_json):
    path = tmp_path / "a"
    path.write_bytes(pack(content))
    assert begins_as_json(path) == is_json


def test_an_empty_file_and_none(tmp_path):
    (tmp_path / "empty").touch()
    for name in ("empty", "absent", "."):
        with pytest.raises(InputError):
            begins_as_json(tmp_path / name)
