"""The Slack channel: private guidance by modal, message and Home."""
