"""Which of many buttons was pressed."""

from dash import callback_context


def pressed(name: str) -> str:
    """A part of the name of the button that was pressed; empty where none was (a button that has just been drawn)."""
    target = callback_context.triggered_id
    if not isinstance(target, dict) or not any(each.get("value") for each in callback_context.triggered):
        return ""
    return str(target.get(name, ""))
