"""What went wrong, as one of our errors: from an HTTP status, from an error inside an answer, from any shape of body.

Pure. Messages say what happened without the provider's name: `dress()` adds it, once, to every error that leaves a
provider, and takes every secret out. What a server wrote is cut to 500 characters of one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

from llmspell.errors import (
    BadResponseError,
    OverloadedError,
    ProviderAuthError,
    ProviderError,
    ProviderTimeout,
    RateLimitError,
    RefusedError,
)
from llmspell.providers import wirejson
from llmspell.providers.error_body import Report, report, tidy

REDACTED = "[redacted]"
MIN_SECRET = 4
"""Shorter than any key; a header value of one or two characters would redact ordinary words."""
MIN_PART = 8
"""Of a key that was cut short with the text around it: what is shorter is what all keys of a vendor begin with."""


class Rule(NamedTuple):
    error: type[ProviderError]
    sentence: str
    retryable: bool | None = None


BY_STATUS: Mapping[int, Rule] = MappingProxyType(
    {
        401: Rule(ProviderAuthError, "the API key was rejected"),
        402: Rule(RefusedError, "the account has no credit"),
        403: Rule(ProviderAuthError, "the API key does not allow this"),
        404: Rule(RefusedError, "the model or the path was not found"),
        408: Rule(ProviderTimeout, "the server gave up waiting for the request"),
        409: Rule(OverloadedError, "the server is busy with a conflicting request"),
        413: Rule(RefusedError, "the request is too large"),
        425: Rule(OverloadedError, "the server is not ready for the request"),
        429: Rule(RateLimitError, "too many requests"),
        529: Rule(OverloadedError, "the server is overloaded"),
    }
)
SERVER_FAULT = Rule(OverloadedError, "the server failed or is overloaded")
REFUSED = Rule(RefusedError, "the request was refused")
NO_QUOTA = Rule(RateLimitError, "no quota is left", retryable=False)
UNKNOWN = Rule(ProviderError, "the server reported an error")

NO_QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "insufficient_credits",
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "linked_organization_spend_limit_reached",
    }
)
BAD_KEY = "api_key_invalid"
STATUS_OF_CODE: Mapping[str, int] = MappingProxyType(
    {
        BAD_KEY: 401,
        "invalid_api_key": 401,
        "authentication_error": 401,
        "billing_error": 402,
        "unauthorized": 401,
        "unauthenticated": 401,
        "permission_error": 403,
        "permission_denied": 403,
        "not_found": 404,
        "not_found_error": 404,
        "notfounderror": 404,
        "model_not_found": 404,
        "timeout": 408,
        "timeout_error": 408,
        "conflict_error": 409,
        "request_too_large": 413,
        "rate_limit_exceeded": 429,
        "rate_limit_error": 429,
        "too_many_requests": 429,
        "resource_exhausted": 429,
        "server_error": 500,
        "api_error": 500,
        "internal_error": 500,
        "internal_server_error": 500,
        "internalservererror": 500,
        "service_unavailable": 503,
        "unavailable": 503,
        "overloaded": 529,
        "overloaded_error": 529,
        "invalid_request_error": 400,
        "badrequesterror": 400,
        "bad_request": 400,
        "context_length_exceeded": 400,
        "content_filter": 400,
        "invalid_prompt": 400,
        "bio_policy": 400,
        "misalignment_policy_violation": 400,
        "invalid_image": 400,
        "invalid_image_format": 400,
        "invalid_image_url": 400,
        "invalid_base64_image": 400,
        "image_too_large": 400,
        "image_too_small": 400,
        "image_file_too_large": 400,
        "image_parse_error": 400,
        "image_content_policy_violation": 400,
        "unsupported_image_media_type": 400,
        "moderation_blocked": 400,
    }
)
"""The words that servers use in `code`, `type` or `status` where there is no HTTP status to go by, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where a request went, for messages.

    `url` has no query and no credentials; `key_source` says where the key was read, None where
    no key was sent.
    """

    url: str
    key_source: str | None = None


def from_status(status: int, headers: Mapping[str, str], body: bytes, *, asked: Asked, now: float) -> ProviderError:
    """The error for an HTTP status of 300 or more. `headers` by lower-case name; `now` in seconds since the epoch."""
    try:
        found = report(wirejson.load(body), failed=True)
    except ValueError:
        html = "html" in headers.get("content-type", "")
        found = Report("" if html else body.decode("utf-8", "replace"), ())
    message, codes, delay = found or Report("", ())
    if 300 <= status < 400:
        return _redirect(status, headers.get("location", ""))
    rule = BY_STATUS.get(status, SERVER_FAULT if status >= 500 else REFUSED)
    if BAD_KEY in codes:  # Gemini says it with status 400
        rule = BY_STATUS[401]
    if status in (402, 403, 429) and not NO_QUOTA_CODES.isdisjoint(codes):
        rule = NO_QUOTA
    should_retry = {"true": True, "false": False}.get(headers.get("x-should-retry", "").lower(), rule.retryable)
    said = tidy(message) or _phrase(status)
    return rule.error(
        f"{rule.sentence} (HTTP {status}): {said}" if said else f"{rule.sentence} (HTTP {status})",
        status=status,
        retryable=should_retry,
        retry_after=delay if (told := retry_after(headers, now)) is None else told,
        request_id=request_id(headers),
        hint=_hint(401 if BAD_KEY in codes else status, asked),
    )


def from_report(found: Report) -> ProviderError:
    """The error for a report inside an answer whose HTTP status was 200."""
    rule = UNKNOWN
    for code in found.codes:
        status = STATUS_OF_CODE.get(code) or (int(code) if code.isdecimal() and len(code) == 3 else 0)
        if code in NO_QUOTA_CODES:
            rule = NO_QUOTA
        elif status >= 400:
            rule = BY_STATUS.get(status, SERVER_FAULT if status >= 500 else REFUSED)
        if rule is not UNKNOWN:
            break
    said = tidy(found.message) or ", ".join(map(tidy, found.codes)) or "it gave no reason"
    message = f"{rule.sentence}, said inside the answer: {said}"
    return rule.error(message, retryable=rule.retryable, retry_after=found.retry_after)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, 0 or more, from retry-after-ms or retry-after (seconds or an HTTP date); None when not said."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    from email.utils import parsedate_to_datetime  # only here: it takes 8 ms to import

    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        return max(0.0, until.replace(tzinfo=until.tzinfo or UTC).timestamp() - now)  # HTTP dates are all of UTC
    except (ValueError, TypeError, OverflowError):
        return None


def request_id(headers: Mapping[str, str]) -> str:
    """What the server calls this request, for its support; "" where it does not say."""
    return tidy(headers.get("x-request-id") or headers.get("request-id") or "", 200)


def dress(
    error: ProviderError,
    *,
    provider: str,
    request_id: str = "",
    partial_text: str = "",
    secrets: Iterable[str] = (),
) -> ProviderError:
    """The same error, with what only the provider knows, and without the secrets. Doing it twice changes nothing."""
    hidden = sorted((secret for secret in secrets if len(secret) >= MIN_SECRET), key=len, reverse=True)

    def public(text: str, *, cut: bool = False) -> str:
        for secret in hidden:
            text = text.replace(secret, REDACTED)
            for size in range(len(secret) - 1, MIN_PART - 1, -1) if cut else ():
                text = text.replace(secret[:size] + "…", REDACTED + "…")
                if text.endswith(secret[:size]):
                    text = text[:-size] + REDACTED
        return text

    if not error.provider:
        error.message = f"provider '{provider}': {error.message}"
        error.provider = provider
    error.message = public(error.message, cut=True)
    error.hint = public(error.hint, cut=True)
    error.request_id = public(error.request_id or request_id)
    error.partial_text = public(error.partial_text or partial_text)
    error.args = (error.message,)
    error.details["provider"] = error.provider
    for name in ("request_id", "partial_text"):
        if value := getattr(error, name):
            error.details[name] = value
    return error


def _redirect(status: int, location: str) -> ProviderError:
    target = tidy(location.partition("?")[0].partition("#")[0], 200)
    if "@" in target:  # credentials in the address
        target = ""
    return BadResponseError(
        f"the server redirects (HTTP {status})" + (f" to {target}" if target else ""),
        status=status,
        hint="redirects are not followed: set `base_url` to the final address",
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _hint(status: int, asked: Asked) -> str:
    if status in (401, 403):
        if asked.key_source is None:
            return "no key was sent: name the environment variable that holds it with `api_key_env`"
        return f"check the key in {asked.key_source}"
    if status == 404:
        return f"check the model's name and `base_url`: the request went to {asked.url}"
    return ""
