"""One request to a language model, by OpenAI's chat completions protocol."""

import queue
import threading
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from report_worker.settings import AiSettings
from viral_runtime.web.authorities import trust_authorities

MOST_ANSWER_BYTES = 256 * 1024
_PATH = "/chat/completions"


class ModelFailedError(Exception):
    """The model gave no usable answer; the message is the reason."""


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: list[_Choice]


def ask_model(settings: AiSettings, instructions: str, question: str) -> str:
    """The model's answer. Raises ModelFailedError, at the latest after the configured time."""
    answers: queue.SimpleQueue[str | ModelFailedError] = queue.SimpleQueue()
    # A server that sends single bytes defeats socket timeouts, so the clock is outside.
    threading.Thread(target=lambda: answers.put(_try(settings, instructions, question)), daemon=True).start()
    try:
        answer = answers.get(timeout=settings.ai_insights_timeout_seconds)
    except queue.Empty:
        raise ModelFailedError("timeout") from None
    if isinstance(answer, ModelFailedError):
        raise answer
    return answer


def find_endpoint(url: str) -> str:
    """The endpoint of a URL, which may be a host, a base such as https://example.com/v1, or the endpoint itself."""
    base = url.rstrip("/")
    if base.endswith(_PATH):
        return base
    return base + ("" if urlsplit(base).path else "/v1") + _PATH


def _try(settings: AiSettings, instructions: str, question: str) -> str | ModelFailedError:
    try:
        return _read_answer(_post(settings, instructions, question))
    except httpx.HTTPError as error:
        return ModelFailedError(f"unreachable: {type(error).__name__}")
    except ModelFailedError as error:
        return error


def _post(settings: AiSettings, instructions: str, question: str) -> bytes:
    headers = {"Accept-Encoding": "identity"}
    if settings.ai_insights_key:
        headers["Authorization"] = f"Bearer {settings.ai_insights_key.get_secret_value()}"
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": question}]
    body = {
        "model": settings.ai_insights_model,
        "max_tokens": settings.ai_insights_max_tokens,
        "messages": messages,
    }
    endpoint, timeout = find_endpoint(settings.ai_insights_url or ""), settings.ai_insights_timeout_seconds
    trusted = trust_authorities()
    with httpx.stream("POST", endpoint, json=body, headers=headers, timeout=timeout, verify=trusted) as response:
        if response.status_code != httpx.codes.OK:
            raise ModelFailedError(f"status {response.status_code}")
        return _read_body(response)


def _read_body(response: httpx.Response) -> bytes:
    body = b""
    for part in response.iter_raw():
        body += part
        if len(body) > MOST_ANSWER_BYTES:
            raise ModelFailedError("answer too large")
    return body


def _read_answer(body: bytes) -> str:
    try:
        choices = _Completion.model_validate_json(body).choices
    except ValidationError:
        raise ModelFailedError("answer is not of the protocol") from None
    if not choices:
        raise ModelFailedError("answer is empty")
    if choices[0].finish_reason == "length":
        raise ModelFailedError("answer was cut off")
    return choices[0].message.content
