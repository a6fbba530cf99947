"""Messages as files: whole, named by their Message-ID, and never outside their folder."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from email_worker.outcomes import RefusedError
from email_worker.transport import write_to_folder


def write(folder: Path, message_id: str = "<5.abc@mail.example>", text: str = "K is 0.74") -> str:
    message = EmailMessage(policy=policy.SMTP)
    message["Message-ID"] = message_id
    message.set_content(text)
    return write_to_folder(folder, message, lambda: None)


def test_a_file_holds_the_whole_message(tmp_path: Path) -> None:
    assert write(tmp_path / "var" / "mail") == "written to 5_abc@mail_example.eml"
    (path,) = (tmp_path / "var" / "mail").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["Message-ID"] == "<5.abc@mail.example>"
    assert "K is 0.74" in message.as_string()


def test_a_second_attempt_is_the_same_file(tmp_path: Path) -> None:
    write(tmp_path, text="first")
    write(tmp_path, text="second")
    (path,) = tmp_path.iterdir()
    assert b"second" in path.read_bytes()


@pytest.mark.parametrize("message_id", ["<../../out@x>", "</etc/passwd>", "<.hidden@x>", f"<{'x' * 500}@x>", "<..>"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, message_id: str) -> None:
    folder = tmp_path / "a" / "b"
    write(folder, message_id)
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [folder]
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedError):
        write(tmp_path / "file" / "mail")


def test_nothing_is_written_when_the_intent_is_refused(tmp_path: Path) -> None:
    def refuse() -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        write_to_folder(tmp_path, EmailMessage(), refuse)
    assert list(tmp_path.iterdir()) == []
