"""Help of the ape console by family, in at most 80 columns."""

from __future__ import annotations

__all__ = ["HELP", "help_of"]

_CHANNELS = """\
CHANNELS: two parties pay each other; only opening and closing are on Ethereum
  hub = channels.deploy()               deploy a hub; the operator pays the gas
  hub = channels.at("0x..")             use a hub that is deployed
  ch = hub.open(payer, payee, deposit="5 ether", dispute="1 hour")
                                        open a channel; also token="0x.."
  ch.pay("0.1 ether")                   the payer pays, off chain
  ch.pay("0.1 ether", sender=payee)     the payee pays back
  ch.pay_many("1 gwei", 1000)           pay 1,000 times in one commit
  ch.balances, ch.phase, ch.view()      read the state
  ch.conditional("1 ether", preimage=s) pay under a hash lock
  ch.fulfil(s)                          reveal the secret, which pays the payee
  ch.withdraw("1 ether")                both sign; the channel stays open
  ch.close()                            both sign; the channel ends
  ch.dispute(old, sender=payer)         close alone: post a signed payment
  watchtower.step()                     post the newest payment instead
  chain.mine(deltatime=3601)            let the challenge window pass
  ch.settle(sender=payee)               pay both parties after the window
"""

_ROLLUP = """\
ROLLUP: accounts off chain; all data and fraud proofs on Ethereum
  l2 = rollup.devnet()                  deploy one; the operator is sequencer
  a, b = l2.wallet(payer), l2.wallet(payee)
  a.deposit("2 ether")                  pay in
  a.send(b, "0.3 ether")                to a wallet, an address or a number
  a.send_many([(b, "1 gwei"), (2, 5)])  many payments in one submission
  a.balance(), a.accounts               read your accounts
  a.history(), a.proof(1)               what happened; proof of an account
  l2.seal().post()                      post pending operations to Ethereum
  l2.root == l2.rebuild_from_l1().root  derive the state from Ethereum alone
  a.withdraw("1 ether"); l2.post()      withdraw to Ethereum
  l2.settle(); a.claim_all()            finalise, then collect withdrawals
  bad = l2.propose(fault="inflate", sender=attacker)
                                        a wrong assertion (also: deflate, noise)
  l2.challenger.step(); bad.status      prove it wrong in one transaction
  alone = l2.wallet(payer, with_sequencer=False)
                                        then force(), include(), freeze(),
                                        escape(), refund()
"""

_PLASMA = """\
PLASMA: an operator makes blocks; Ethereum has one root for each block
  pc = plasma.devnet()                  deploy one, with its operator
  w = pc.wallet(payer)                  a wallet
  w.deposit("1 ether")                  pay in
  w.send(payee, "0.4 ether")            sign a payment
  pc.operator.submit_block()            put pending payments into a block
  pc.watch()                            verify every payment of every block
  w.utxos(), w.history(), w.balance()   read the wallet
  pc.wallet(payee).exit_all()           exit without the operator
  chain.mine(deltatime=pc.exit_period)  let the exit period pass
  pc.claim_all()                        collect mature exits
  c = pc.coins.wallet(payer)            coins: deposits that move as a whole
  coin = c.deposit("1 ether")           also: c.deposit_nft(nft, 7)
  c.send(coin, payee); pc.coins.operator.submit_block()
  pc.coins.wallet(payee).receive(coin)  verify its history and take it
  pc.coins.wallet(payee).exit(coin)     then pc.coins.claim_all()
"""

_SHARED = """\
COMMON
  accounts   operator payer payee challenger attacker watchtower
  amounts    "1.5 ether", "3 gwei", "5 wei", or an int in the smallest unit
  durations  "90 s", "1 hour", "7 days"
  help       help_l2(channels), help_l2(rollup), help_l2(plasma)
"""

_FAMILIES = {"channels": _CHANNELS, "rollup": _ROLLUP, "plasma": _PLASMA}

HELP = "\n".join([*_FAMILIES.values(), _SHARED])
"""Help of all families."""


def help_of(topic: object = None) -> str:
    """Return the help of a family, named or passed as its object, or of everything."""
    name = topic if isinstance(topic, str) else getattr(topic, "family", "")
    return _FAMILIES.get(str(name), HELP)
