"""Instruction-response pairs that the project writes itself, to train the demo models on.

Every pair is composed from templates, tables and real logic, so its answer is right and its licence is the project's.
"""

from .conversations import generate
from .kinds import DOMAINS, KINDS

__all__ = ["DOMAINS", "KINDS", "generate"]
