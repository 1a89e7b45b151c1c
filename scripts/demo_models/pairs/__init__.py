"""Instruction-response pairs that the project writes itself, to train the demo models on.

Every pair is composed from templates, tables and real logic, so its answer is right and its licence is the project's.
"""

from . import advice, analysis, code, creative, editing, facts, knowledge, math, planning, reasoning, translation
from .core import DOMAINS, KINDS, generate

__all__ = ["DOMAINS", "KINDS", "generate"]

_WRITERS = (advice, analysis, code, creative, editing, facts, knowledge, math, planning, reasoning, translation)
