"""Kinds of columns that many tables have."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, text

metadata = MetaData()


def time_column(name: str, *, nullable: bool = True) -> Column[object]:
    """A moment in UTC."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def count_column(name: str, *, comment: str | None = None) -> Column[int]:
    """A count that begins at 0."""
    return Column(name, BigInteger, nullable=False, server_default=text("0"), comment=comment)
