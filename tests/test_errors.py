"""What is shown of a file on a terminal."""

from lossbench.commands.cli import answer
from lossbench.errors import counted, printable


def test_control_characters_of_a_file_are_written_out():
    assert printable("a\x1b[2J\x07\r\x9b5m\u202eb\n‖∂C‖ — 中") == "a\\x1b[2J\\x07\\r\\x9b5m\\u202eb\n‖∂C‖ — 中"


def test_an_error_shows_no_escape_of_a_study(tmp_path, capsys):
    (tmp_path / "study.json").write_text('{"format": "\\u001b[2J", "name": "s"}')
    assert answer(["report", str(tmp_path)]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_one_is_singular():
    assert [counted(number, "run") for number in (0, 1, 2, 12345)] == ["0 runs", "1 run", "2 runs", "12,345 runs"]
    assert [counted(number, "class", "classes") for number in (1, 2)] == ["1 class", "2 classes"]
