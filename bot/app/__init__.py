"""How are the parts put together? The one place that knows all of them."""

from bot.app.operating import examined, shown_counts, timekeeper
from bot.app.parts import forgetting
from bot.app.reading import hands_over, open_conversation, read_guidance, utc_now
from bot.app.running import serve, web_application

__all__ = [
    "examined",
    "forgetting",
    "hands_over",
    "open_conversation",
    "read_guidance",
    "serve",
    "shown_counts",
    "timekeeper",
    "utc_now",
    "web_application",
]
