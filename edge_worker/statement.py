"""What the owner of a stream says of it."""

from dataclasses import dataclass

from edge_worker.activation import Wakefulness
from edge_worker.handover import Handover
from edge_worker.session.session import Session
from edge_worker.session.wording import sentence
from edge_worker.steering import Steering
from mqtt_schemas import Rung, StreamState


@dataclass(frozen=True, slots=True)
class Statement:
    """All that goes into a ``state``, beside the session."""

    stream: str
    owner: str
    interpreter: str
    """Who hears and speaks for it; empty: nobody."""
    term: int
    asleep: bool
    steering: Steering
    wakefulness: Wakefulness
    handover: Handover

    def of(self, session: Session | None) -> StreamState:
        """The message; ``session`` is None while none serves the stream."""
        trouble = session.supply.trouble if session else self.wakefulness.refusal
        return StreamState(
            stream=self.stream,
            settings=self.steering.settings,
            owner=self.owner,
            interpreter=self.interpreter or None,
            successor=self.handover.successor,
            yields=self.handover.yields,
            term=self.term,
            revision=self.steering.revision,
            out_topic=session.out_topic if session else "",
            rung=session.rung if session else Rung.FULL,
            last_error=self.steering.last_error,
            active=not self.asleep,
            wanted=self.asleep and self.wakefulness.wanted,
            sleep_reason=self.wakefulness.why_asleep if self.asleep else "",
            needs=session.supply.need if session else None,
            trouble=sentence(trouble, 512),
            epoch=(session.epoch or None) if session else None,
            playout_delay_ns=session.delay_ns if session else 0,
            ai_disclosure=self.steering.settings.label,
            retained_commands_ignored=self.steering.retained_ignored,
        )
