"""The values that the contract allows, as the rivals write them into their rules."""

from __future__ import annotations

__all__ = ["COUNTRIES", "DEVICES", "EVENT_TYPES"]

EVENT_TYPES = (
    "click", "purchase", "login", "log-out", "delete-account", "create-account", "update-settings", "other",
)  # fmt: skip
COUNTRIES = ("US", "IN", "UK", "CA", "AU", "DE", "ES", "FR", "NL", "SG", "RU", "JP", "BR", "CN", "OT")
DEVICES = ("ANDROID", "IOS")
