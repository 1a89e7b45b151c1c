"""A chat template's first rendering, in a child process: one that would not end, or take all memory, harms nobody.

The child knows Jinja and nothing else. Whether the template is right is no matter here: what it refuses, the rendering
in this process says too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from curate.errors import CurateError

SECONDS = 10  # of computing
PATIENCE = 60.0  # seconds to wait for it, on a machine that does other things too
MEMORY = 2**29  # bytes
LONGEST = 1_000_000  # characters of a conversation of a few words

PROGRAM = """
import json, resource, sys
seconds, memory = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

class Generation(Extension):
    tags = {"generation"}
    def parse(self, parser):
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(["name:endgeneration"], drop_needle=True)).set_lineno(line)

def refuse(message):
    raise TemplateError(message)

asked = json.load(sys.stdin)
room = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
room.filters["tojson"] = lambda value, **_: json.dumps(value)
room.globals.update(raise_exception=refuse, strftime_now=lambda form: form)
longest = 0
try:
    template = room.from_string(asked["template"])
    for messages in asked["conversations"]:
        for prompt in (True, False):
            try:
                text = template.render(messages=messages, add_generation_prompt=prompt, **asked["variables"])
                longest = max(longest, len(text))
            except (MemoryError, OverflowError):
                raise
            except Exception:
                pass
except (MemoryError, OverflowError):
    longest = -1
except Exception:
    pass
print(longest)
"""

_TURNS = ("user", "assistant", "user", "assistant")
_PLAIN = [{"role": role, "content": "word"} for role in _TURNS]
_PARTS = [{"role": role, "content": [{"type": "text", "text": "word"}]} for role in _TURNS]
_SYSTEM = {"role": "system", "content": "word"}
CONVERSATIONS = [_PLAIN[:1], _PLAIN, [_SYSTEM, *_PLAIN], _PARTS]


def check_bounded(template: str, name: str, variables: Mapping[str, Any]) -> None:
    """Raises CurateError, which calls the tokenizer `name`, unless small conversations render within the limits."""
    if fault := _fault(template, json.dumps(variables, sort_keys=True, default=str)):
        raise CurateError(f"the chat template of {name} {fault}; use the template that its maker published")


@lru_cache(maxsize=256)
def _fault(template: str, variables: str) -> str | None:
    asked = {"template": template, "conversations": CONVERSATIONS, "variables": json.loads(variables)}
    try:
        child = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-c", PROGRAM, str(SECONDS), str(MEMORY)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"does not end: a conversation of a few words takes more than {PATIENCE:.0f} seconds"
    if child.returncode < 0:  # ended by the system at one of the limits
        return f"does not end: a conversation of a few words takes more than {SECONDS} seconds of computing"
    if child.returncode:
        raise RuntimeError(child.stderr.decode("utf-8", "replace"))
    longest = int(child.stdout)
    if longest < 0:
        return f"takes more than {MEMORY >> 20} MiB for a conversation of a few words"
    if longest > LONGEST:
        return f"makes {longest:,} characters of a conversation of a few words"
    return None
