"""Does each variant of the promise say something, and nothing that can never be true?"""

from __future__ import annotations

from bot.guidance.load import Files
from bot.guidance.model import CHANNELS, HANDS_OVER, Guidance, When
from bot.guidance.problems import Report


def check_promise(files: Files, guidance: Guidance, report: Report) -> None:
    """Check the sentences by their ids, and that no channel is left without one."""
    promise = guidance.promise
    for document in files.of("promise"):
        node = document.root["promise"]["sentences"]
        seen: set[str] = set()
        for sentence, at in zip(promise.sentences, node.each(), strict=True):
            if sentence.id in seen:
                report("C216", document.file, at.line, id=sentence.id)
            seen.add(sentence.id)
            if sentence.when is When.HANDOFF:
                for channel in sentence.channels:
                    if channel not in HANDS_OVER:
                        report("C217", document.file, at["channels"].line, channel=channel)
        for channel in CHANNELS:
            if not promise.told(channel, hands_over=False):
                report("C218", document.file, node.line, channel=channel)
        told = [sentence for sentence in promise.sentences if sentence.when is When.HANDOFF]
        for channel in HANDS_OVER:
            if not any(channel in sentence.channels for sentence in told):
                report("C219", document.file, node.line, channel=channel)
