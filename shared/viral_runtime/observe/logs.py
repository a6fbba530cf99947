"""Structured logs: one line per event, JSON in production, readable in development."""

import logging
import sys

import structlog

from viral_runtime.observe.log_redaction import hide_identifiers
from viral_runtime.observe.tracing import add_trace
from viral_runtime.settings.observe import LogSettings


def configure_logging(settings: LogSettings, *, service: str) -> None:
    """Send structlog's events to standard output in the format of `settings`."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else _console_renderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _name_service(service),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            add_trace,
            hide_identifiers,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )


def capture_library_logs() -> None:
    """Add what libraries log through `logging` to the service's log, from warnings up."""
    logging.basicConfig(handlers=[_IntoStructlog()], level=logging.WARNING, force=True)


class _IntoStructlog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, exc_info=error)


def _name_service(service: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"service": service, **event}

    return add


def _console_renderer() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)
