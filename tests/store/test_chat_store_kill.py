"""A process that is killed while an answer streams loses nothing it had stored."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.core.conversation import MessageState
from app.store.chat_store import ChatStore
from app.store.database import Database

ROOT = Path(__file__).parents[2]

STREAM = """
import sys
from dataclasses import replace
from pathlib import Path
from app.core.conversation import Conversation, Message, MessageState, Role
from app.store.chat_store import ChatStore
from app.store.database import Database

store = ChatStore(Database(Path(sys.argv[1])))
answer = Message("a", "q", Role.ASSISTANT, state=MessageState.STREAMING)
store.save_chat(Conversation("chat", leaf_id="a"), [Message("q", None, Role.USER, "why?"), answer])
number = 0
while True:
    number += 1
    store.update_message(replace(answer, thinking=f"{number} " * 5000, thinking_open=True))
    print(number, flush=True)
"""


@pytest.mark.parametrize("drafts", [1, 200])
def test_the_last_committed_draft_survives_kill(tmp_path: Path, drafts: int) -> None:
    path = tmp_path / "chats.db"
    child = subprocess.Popen([sys.executable, "-c", STREAM, path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        for _ in range(drafts):
            told = int(child.stdout.readline())
        child.kill()
        # It wrote on until it was killed: what the pipe still holds was committed too, the last line may be cut.
        told = max([told, *map(int, child.stdout.read().splitlines(keepends=False)[:-1])])
    assert path.with_name("chats.db-wal").exists()

    with closing(Database(path)) as database:
        store = ChatStore(database)
        assert store.recover_interrupted() == 1
        question, answer = store.load_chat("chat").path()
    assert question.answer == "why?"
    assert answer.state is MessageState.INTERRUPTED
    assert answer.thinking_open
    number = int(answer.thinking.split()[0])
    assert number >= told
    assert answer.thinking == f"{number} " * 5000
