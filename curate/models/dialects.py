"""How the completions servers differ: what each wants to be asked, what it answers, and what it cannot do.

All are found at an OpenAI-like address, and none continues a prompt in quite the same words. What a row of the table
says was read in the server's own source and documentation, and for llama.cpp and vLLM tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from curate.chat import ChatTemplate
from curate.errors import CurateError, nearest
from curate.models.endpoint import Endpoint, shown
from curate.models.protocols import Prompt, Sampling
from curate.models.tokenizer import to_texts

DialectName = Literal["vllm", "sglang", "llama.cpp", "ollama"]
SEED_BITS = 0x7FFFFFFF  # of a seed: llama.cpp takes 32, some hosted endpoints a positive number of 32


@dataclass(frozen=True)
class Ask:
    """One request: `count` samples of a prompt, of at most `max_tokens` tokens each, under `seed`."""

    model: str
    chat: ChatTemplate
    prompt: Prompt
    count: int
    seed: int
    max_tokens: int
    sampling: Sampling


@dataclass(frozen=True)
class Limits:
    """The longest sequence, in tokens, and the most samples a request: as the server runs the model, where it says."""

    context_length: int | None
    samples: int | None = None


@dataclass(frozen=True)
class Dialect:
    """A server's way to be asked at `path`, which is relative to the base URL.

    `body` is what is sent, `read` turns the answer into OpenAI's form, `limits` asks for what bounds a request.
    `owner` is what its /models calls the owner of a model. `scores` says whether it has log-probabilities of prompts,
    `takes_ids` whether a prompt may be token ids: then the prompt tokens that it counts are those that were sent.
    """

    owner: str
    body: Callable[[Ask], dict[str, Any]]
    limits: Callable[[Endpoint, str, Mapping[str, Any]], Limits]
    read: Callable[[Any], Any] = lambda reply: reply
    path: str = "completions"
    scores: bool = False
    takes_ids: bool = True


def connect(endpoint: Endpoint, model: str, name: DialectName | None) -> tuple[Dialect, Mapping[str, Any]]:
    """The dialect of this name, or else the one that the endpoint speaks, and what its /models says of `model`.

    An endpoint that does not say what it is is taken for vLLM. Raises CurateError when it does not serve the model.
    """
    entries = _served(endpoint)
    entry = entries.get(model, entries.get(f"{model}:latest"))
    if entry is None:
        hint = nearest(model, entries) if entries else "it serves none"
        raise CurateError(f"{endpoint.url} does not serve {model!r}; {hint}")
    if name:
        return DIALECTS[name], entry
    named = [dialect for dialect in DIALECTS.values() if dialect.owner == entry.get("owned_by")]
    if named:
        return named[0], entry
    if "version" in endpoint.peek("../api/version"):
        return DIALECTS["ollama"], entry
    if "total_slots" in endpoint.peek("../props"):
        return DIALECTS["llama.cpp"], entry
    return DIALECTS["vllm"], entry


def _served(endpoint: Endpoint) -> dict[str, Mapping[str, Any]]:
    """The entries of /models by their ids; some servers give a bare list."""
    reply = endpoint.get("models")
    entries = reply.get("data") if isinstance(reply, Mapping) else reply
    if not isinstance(entries, list):
        raise CurateError(
            f"GET {endpoint.address('models')}: a list of models is expected, found {shown(reply)!r}; see that "
            "base_url goes up to /v1"
        )
    return {entry["id"]: entry for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("id"), str)}


# --- what is sent ----------------------------------------------------------------------------------------------------


def _openai(ask: Ask) -> dict[str, Any]:
    """What all that speak OpenAI's way want."""
    return {
        "model": ask.model,
        "prompt": list(ask.prompt.token_ids),
        "n": ask.count,
        "seed": ask.seed,
        "temperature": ask.sampling.temperature,
        "top_p": ask.sampling.top_p,
        "max_tokens": ask.max_tokens,
    }


def response_format(json_schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """OpenAI's way to ask for a JSON answer."""
    if json_schema is None:
        return {}
    form = {"name": "answer", "schema": dict(json_schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _vllm(ask: Ask) -> dict[str, Any]:
    """Under a schema, end of text ends a text too: the grammar allows that token at its end."""
    return {
        **_openai(ask),
        "stop_token_ids": list(ask.sampling.stop_token_ids),
        "ignore_eos": ask.sampling.json_schema is None,
        "skip_special_tokens": False,
        "spaces_between_special_tokens": False,
        "add_special_tokens": False,
        **response_format(ask.sampling.json_schema),
    }


def _sglang(ask: Ask) -> dict[str, Any]:
    """Its own end tokens always end a text, for `ignore_eos` would pass over the stop tokens too.

    All samples of a request have one seed, so a request asks for one. Without --enable-deterministic-inference the
    server passes over the seed.
    """
    return {
        **_openai(ask),
        "stop_token_ids": list(ask.sampling.stop_token_ids),
        "skip_special_tokens": False,
        **response_format(ask.sampling.json_schema),
    }


def _llama_cpp(ask: Ask) -> dict[str, Any]:
    """Its own end tokens always end a text (`ignore_eos` would forbid them), and it stops at texts, not at tokens.

    Control tokens are written out only where `preserved_tokens` names them; under a schema, all there is of them is the
    end. Its own samplers are more, and in another order.
    """
    schema = ask.sampling.json_schema
    form = {"json_schema": dict(schema)} if schema is not None else {"preserved_tokens": list(ask.chat.control.ids)}
    return {
        **_openai(ask),
        "seed": ask.seed & SEED_BITS,
        "stop": _stops(ask),
        "samplers": ["temperature", "top_p"],
        **form,
    }


def _ollama(ask: Ask) -> dict[str, Any]:
    """Its own API, for its /v1/completions wraps a prompt in the model's template; one sample a request.

    It adds the beginning-of-text token where the tokenizer does. The nucleus is cut before the temperature.
    """
    tokenizer = ask.chat.tokenizer
    (prompt,) = to_texts(tokenizer, [ask.prompt.token_ids])
    if tokenizer.bos_token and tokenizer.bos_token_id in tokenizer("a")["input_ids"]:
        prompt = prompt.removeprefix(tokenizer.bos_token)
    schema = ask.sampling.json_schema
    return {
        "model": ask.model,
        "prompt": prompt,
        "raw": True,
        "stream": False,
        "think": False,
        "truncate": False,
        "shift": False,
        **({"format": dict(schema)} if schema is not None else {}),
        "options": {
            "seed": ask.seed & SEED_BITS,
            "temperature": ask.sampling.temperature,
            "top_p": ask.sampling.top_p,
            "top_k": 0,
            "min_p": 0.0,
            "repeat_penalty": 1.0,
            "num_predict": ask.max_tokens,
            "stop": _stops(ask),
        },
    }


def _stops(ask: Ask) -> list[str]:
    """The stop tokens as texts."""
    return [text for text in to_texts(ask.chat.tokenizer, [[token] for token in ask.sampling.stop_token_ids]) if text]


# --- what comes back, and what bounds a request ----------------------------------------------------------------------


def _read_ollama(reply: Any) -> Any:
    if not isinstance(reply, Mapping) or "response" not in reply:
        return reply
    choice = {"index": 0, "text": reply["response"], "finish_reason": reply.get("done_reason")}
    usage = {"prompt_tokens": reply.get("prompt_eval_count"), "completion_tokens": reply.get("eval_count")}
    return {"choices": [choice], "usage": usage}


def _said_limits(endpoint: Endpoint, model: str, entry: Mapping[str, Any]) -> Limits:
    return Limits(_number(entry.get("max_model_len")))


def _sglang_limits(endpoint: Endpoint, model: str, entry: Mapping[str, Any]) -> Limits:
    return Limits(_number(entry.get("max_model_len")), samples=1)


def _llama_cpp_limits(endpoint: Endpoint, model: str, entry: Mapping[str, Any]) -> Limits:
    """The context of a slot, of which a sample takes one."""
    props = endpoint.peek("../props")
    lengths = [
        _number(_inside(props, "default_generation_settings").get("n_ctx")),
        _number(_inside(entry, "meta").get("n_ctx")),
    ]
    return Limits(next(filter(None, lengths), None), _number(props.get("total_slots")))


def _ollama_limits(endpoint: Endpoint, model: str, entry: Mapping[str, Any]) -> Limits:
    """The context with which it has loaded the model: a request without a prompt makes it do so."""
    endpoint.post("../api/generate", {"model": model, "stream": False})
    running = endpoint.peek("../api/ps").get("models")
    loaded = [entry for entry in running if isinstance(entry, Mapping)] if isinstance(running, list) else []
    lengths = [_number(it.get("context_length")) for it in loaded if it.get("name") in (model, f"{model}:latest")]
    return Limits(next(iter(lengths), None), samples=1)


def _inside(reply: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = reply.get(key)
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


DIALECTS: dict[DialectName, Dialect] = {
    "vllm": Dialect("vllm", _vllm, _said_limits, scores=True),
    "sglang": Dialect("sglang", _sglang, _sglang_limits),
    "llama.cpp": Dialect("llamacpp", _llama_cpp, _llama_cpp_limits),
    "ollama": Dialect("library", _ollama, _ollama_limits, read=_read_ollama, path="../api/generate", takes_ids=False),
}
