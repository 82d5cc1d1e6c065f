// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Words} from "../lib/Words.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {Funding} from "./Funding.sol";

/// @title Calls that both parties sign: closing, partial withdrawals, moves between channels
abstract contract Cooperation is Funding {
    bytes32 private constant WITHDRAW_TYPE =
        keccak256("Withdraw(bytes32 channelId,uint128 outA,uint128 outB,uint32 epoch,uint48 validUntil)");
    bytes32 private constant MOVE_TYPE = keccak256(
        "Move(bytes32 fromId,bytes32 toId,uint128 outA,uint128 outB,uint128 inA,uint128 inB,uint32 epoch,uint48 validUntil)"
    );

    /// @inheritdoc IChannelHub
    function close(Key calldata key, uint128 sentA, uint128 sentB, bytes calldata signatureA, bytes calldata signatureB)
        external
    {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireAlive(id, slot0);
        bytes32 structHash = Words.hash(CLOSE_TYPE, id, sentA, sentB);
        _requireBoth(structHash, key, signatureA, signatureB);
        if (Slots.deadline(slot0) != 0) _clearDispute(c, slot0);
        _pay(c, key, id, slot0, sentA, sentB);
    }

    /// @inheritdoc IChannelHub
    function withdraw(
        Key calldata key,
        uint128 outA,
        uint128 outB,
        uint48 validUntil,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external {
        _requireNotExpired(validUntil);
        (bytes32 id, uint256 epoch) = _takeOut(key, outA, outB);
        bytes32 structHash = Words.hash(WITHDRAW_TYPE, id, outA, outB, epoch, validUntil);
        _requireBoth(structHash, key, signatureA, signatureB);
        _push(key.asset(), key.party(false), outA);
        _push(key.asset(), key.party(true), outB);
    }

    /// @inheritdoc IChannelHub
    function move(
        Key calldata from,
        Key calldata to,
        uint256[4] calldata amounts,
        uint48 validUntil,
        bytes calldata signatureA,
        bytes calldata signatureB
    ) external {
        if (to.asset() != from.asset()) revert TokenMismatch(to.asset(), from.asset());
        _requireNotExpired(validUntil);
        bytes32 toId = to.id();
        _requireAtMost(toId, Slots.MASK112, amounts[0] | amounts[1] | amounts[2] | amounts[3]);
        {
            (bytes32 fromId, uint256 epoch) = _takeOut(from, amounts[0], amounts[1]);
            unchecked {
                uint256 outSum = amounts[0] + amounts[1];
                uint256 inSum = amounts[2] + amounts[3];
                if (outSum != inSum) revert AmountOutOfRange(fromId, outSum, inSum);
            }
            _requireBoth(_moveHash(fromId, toId, amounts, epoch, validUntil), from, signatureA, signatureB);
        }
        Channel storage c = _channels[toId];
        uint256 slot0 = c.slot0;
        _requireNew(to, toId, slot0);
        _credit(c, toId, slot0, to.isSimplex(), amounts[2], amounts[3]);
    }

    /// @dev Copies the amounts unchecked, because the caller has bounded them.
    function _moveHash(bytes32 fromId, bytes32 toId, uint256[4] calldata amounts, uint256 epoch, uint256 validUntil)
        private
        pure
        returns (bytes32 hash)
    {
        bytes32 typeHash = MOVE_TYPE;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 32), fromId)
            mstore(add(m, 64), toId)
            calldatacopy(add(m, 96), amounts, 128)
            mstore(add(m, 224), epoch)
            mstore(add(m, 256), validUntil)
            hash := keccak256(m, 288)
        }
    }

    /// @dev Takes money out of the nets of an open channel, uses up an epoch, and returns the epoch to be signed.
    function _takeOut(Key calldata key, uint256 outA, uint256 outB) private returns (bytes32 id, uint256 epoch) {
        Channel storage c;
        uint256 slot0;
        (id, c, slot0) = _load(key, false);
        _requireOpen(id, slot0);
        (int256 netA, int256 netB) = Slots.nets(slot0);
        unchecked {
            _requireAtMost(id, outA | outB, 1);
            _requireAtMost(id, uint256(netA + netB), outA + outB);
            // outA and outB are at most total < 2^111, so a net can exceed the range of int111 only downwards.
            netA -= int256(outA);
            netB -= int256(outB);
        }
        int256 lowest = -int256(Slots.MAX_NET);
        if (netA < lowest || netB < lowest) revert AmountOutOfRange(id, Slots.MAX_NET, outA + outB);
        uint256 slot1 = c.slot1;
        epoch = Slots.epoch(slot1);
        _requireAtMost(id, Slots.MAX_EPOCH - 1, epoch);
        uint256 word = Slots.packNets(netA, netB);
        c.slot0 = word;
        unchecked {
            c.slot1 = slot1 + (1 << 224);
            emit Withdrawn(id, word, uint32(epoch + 1));
        }
    }

    function _requireBoth(bytes32 structHash, Key calldata key, bytes calldata signatureA, bytes calldata signatureB)
        private
        view
    {
        _requireConsent(structHash, key.party(false), signatureA);
        _requireConsent(structHash, key.party(true), signatureB);
    }

    /// @dev Closes a duplex channel and pays by the amounts that its directions pay.
    function _pay(Channel storage c, Key calldata key, bytes32 id, uint256 slot0, uint256 paidA, uint256 paidB)
        internal
    {
        (uint256 payA, uint256 total) = Slots.payoff(slot0, paidA, paidB);
        unchecked {
            _end(c, key, id, payA, total - payA);
        }
    }

    /// @dev Clears the storage words that a dispute has written.
    /// @return paidA The amount paid by A's direction: the greater of its plain counter and its claim
    /// @return paidB The amount paid by B's direction: the greater of its plain counter and its claim
    function _clearDispute(Channel storage c, uint256 slot0) internal returns (uint256 paidA, uint256 paidB) {
        uint256 slot1 = c.slot1;
        if (slot1 != 0) {
            c.slot1 = 0;
            paidA = Slots.sent(slot1, false);
            paidB = Slots.sent(slot1, true);
        }
        if (slot0 & Slots.BOTH_CLAIMS == 0) return (paidA, paidB);
        for (uint256 side; side < 2; ++side) {
            // The two values swap places twice, so that each direction is the first one once.
            (paidA, paidB) = (paidB, _clearClaim(c, slot0, side == 1, paidA));
        }
    }

    function _clearClaim(Channel storage c, uint256 slot0, bool fromB, uint256 plain) private returns (uint256) {
        if (slot0 & Slots.claimFlag(fromB) == 0) return plain;
        Direction storage d = _directionOf(c, fromB);
        uint256 claimed = d.claim & Slots.MASK112;
        d.proof = 0;
        d.claim = 0;
        return claimed > plain ? claimed : plain;
    }
}
