"""What channels share when a post of ours is changed, withdrawn or answered. Pure."""

from datetime import UTC, datetime, timedelta

from channels.contract import ChannelError, Failure, Memo, Outgoing
from channels.reading import moment

#: How far a platform's clock may be behind ours.
_SLACK = timedelta(minutes=2)


def target(outgoing: Outgoing) -> str:
    """The id of the post that is changed or answered. Raises ChannelError where nobody noted it."""
    if not outgoing.remote_id:
        raise ChannelError(
            "Nomor kiriman yang harus diubah tidak diketahui. Ubah atau hapus lewat aplikasi saluran itu.",
            Failure.REFUSED,
        )
    return outgoing.remote_id


def not_before(memo: Memo) -> datetime:
    """The earliest time that the platform can have given to what the first attempt left behind."""
    return (moment(memo.get("started_at")) or datetime.now(UTC)) - _SLACK
