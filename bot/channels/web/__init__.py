"""The web chat: a small server-rendered page for trying, previewing and an intranet."""
