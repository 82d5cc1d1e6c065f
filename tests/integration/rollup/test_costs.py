"""What users and posters pay: each operation at or below its target. Warm: not the first of its kind."""

from __future__ import annotations

from layer2.ethereum.sender import Sender
from layer2.rollup.protocol.frames import LIMITS, FrameType
from layer2.rollup.protocol.params import FRAME_BYTES

TARGETS = {
    "deposit.eth": 45_000,
    "forced.enqueue": 45_000,
    "forced.include": 60_000,
    "batch.calldata_per_transfer": 430,
    "withdraw.claim": 65_000,
    "escape.claim": 80_000,
}


def test_every_operation_meets_its_target(l2, chain, people) -> None:
    payer, gas = l2.wallet(people.payer), {}
    for _ in range(3):
        gas["deposit.eth"] = payer.deposit("1 ether").gas_used
    l2.post()
    account = payer.account()
    for _ in range(3):
        gas["forced.enqueue"] = payer.force(1, account, account=account).gas_used
    chain.advance(l2.profile.force_delay + 1)
    alone = l2.wallet(people.payer, with_sequencer=False)
    alone.replica.step()
    gas["forced.include"] = alone.include().gas_used
    # Frames without a zero byte: no signature or amount compresses better than that.
    frames = 256
    noise = b"".join(b"\x01" + b"\xa5" * (FRAME_BYTES - 1) for _ in range(frames))
    l2.sequencer.replica.step()
    record = l2.sequencer.replica.entries[-1].record
    receipt = l2.rollup.post_calldata(Sender(chain, people.sequencer), record.hash(), noise, record.queue_end)
    transfers = frames * LIMITS[FrameType.TRANSFERS]
    posted = receipt.gas_used / transfers
    proposed = l2.proposer.step()[-1].gas_used / transfers
    gas["batch.calldata_per_transfer"] = posted + proposed
    for _ in range(3):
        payer.withdraw("0.1 ether", account=account)
    l2.post()
    l2.settle()
    chain.advance(l2.profile.window + 1)
    l2.proposer.step()
    gas["withdraw.claim"] = payer.claim_all()[-1].gas_used
    payer.deposit("1 ether")  # something has to wait
    chain.advance(l2.profile.freeze_after + 1)
    l2.wallet(people.stranger, with_sequencer=False).freeze()
    alone.escape(account)
    gas["escape.claim"] = alone.escape(account + 1).gas_used
    print({name: round(value, 1) for name, value in gas.items()})
    assert set(gas) == set(TARGETS)
    assert {name: value for name, value in gas.items() if value > TARGETS[name]} == {}
