"""How an action ended, and how an operator tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bpy

from .. import compat, door
from ..session import session


@dataclass(frozen=True)
class Outcome:
    """Success or not, and a sentence for the user."""

    success: bool
    message: str = ""


def attempt(action: Callable[[], Outcome]) -> Outcome:
    """Run ``action``; an expected failure becomes an outcome and is remembered for the panel."""
    try:
        return action()
    except (door.errors.FaceError, compat.NumpyMissing) as error:
        return Outcome(False, session.fail(error))


def tell(operator: bpy.types.Operator, outcome: Outcome) -> set[str]:
    """Report an outcome; return what the operator returns."""
    if outcome.message:
        operator.report({"INFO"} if outcome.success else {"ERROR"}, outcome.message)
    return {"FINISHED"} if outcome.success else {"CANCELLED"}
