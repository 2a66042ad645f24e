"""Questions and answers: the last turn is the reference, a line is its own id, files read back as written."""

from __future__ import annotations

import hashlib
import json

from tunesmith.evaluation.answers import Answer, read_answers, read_questions, write_answers

LINE = json.dumps(
    {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "a"}]},
            {"role": "assistant", "content": [{"text": "b"}]},
            {"role": "user", "content": [{"text": "c"}]},
            {"role": "assistant", "content": [{"reasoningContent": {}}, {"text": "yes"}, {"text": ", no"}]},
        ],
    }
).encode()


def test_the_last_turn_is_the_reference_and_the_rest_is_asked() -> None:
    (question,) = read_questions(LINE + b"\n")

    assert question.reference == "yes, no"
    assert [turn["content"][0]["text"] for turn in question.messages] == ["a", "b", "c"]
    assert question.system == [{"text": "Be brief."}]


def test_an_id_is_the_digest_of_the_lines_bytes() -> None:
    (question,) = read_questions(LINE)

    assert question.id == hashlib.sha256(LINE).hexdigest()[:16]


def test_a_line_that_stands_twice_is_one_question() -> None:
    assert len(read_questions(LINE + b"\n" + LINE + b"\n")) == 1


def test_answers_read_back_as_they_were_written() -> None:
    answers = [
        Answer(
            id="1", text="näh\u2028\n", stop_reason="end_turn", input_tokens=3, output_tokens=2, latency_ms=9
        ),
        Answer(id="2", error="ThrottlingException: slow down"),
    ]

    assert read_answers(b"".join(line + b"\n" for line in write_answers(answers))) == answers
