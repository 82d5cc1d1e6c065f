// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Calldata} from "../lib/Calldata.sol";
import {LockTree} from "../lib/LockTree.sol";
import {Words} from "../lib/Words.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {Resolutions} from "./Resolutions.sol";

/// @title Conditional payments in a dispute: posting lock proofs and unlocking their payments
abstract contract Locks is Resolutions {
    bytes32 private constant LOCK_VOUCHER_TYPE = keccak256(
        "LockVoucher(bytes32 channelId,uint128 amount,uint48 nonce,uint128 locked,uint48 lastExpiry,bytes32 locksRoot)"
    );
    bytes32 private constant ACCEPT_TYPE =
        keccak256("Accept(bytes32 channelId,bool fromB,uint48 nonce,bytes32 proofHash)");

    /// @dev index(1) | lock(53) | consentLength(2) | resolutionLength(3)
    uint256 private constant OPENING = 59;

    /// @inheritdoc IChannelHub
    function postLocks(Key calldata key, bool fromB, LockProof calldata proof, bytes calldata accept) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        uint256 latest;
        unchecked {
            latest = block.timestamp + maxLockDuration();
        }
        if (proof.lastExpiry > latest) revert LockExpiryTooFar(proof.lastExpiry, latest);
        bool bySender = _requireProven(id, key, fromB, slot0, proof, accept);
        Direction storage d = _directionOf(c, fromB);
        // Without a claim the word is zero, and no nonce is zero.
        uint256 have = d.proof >> 208;
        if (proof.nonce <= have) revert StaleNonce(id, have, proof.nonce);
        uint256 delay = _delayOf(key.params);
        unchecked {
            // The limit leaves time for the other party to answer the first proof of the direction, and for an answer
            // to that.
            latest = have == 0 ? latest + 2 * delay : d.claim >> 224;
            // Amounts have 112 bits each, so the sum cannot overflow.
            d.proof = (proof.nonce << 208) | Slots.fingerprint(proof.amount + proof.locked, proof.locksRoot);
        }
        d.claim = (latest << 224) | proof.amount;
        emit LocksPosted(id, fromB, proof.nonce, proof.amount, proof.locksRoot);
        slot0 = _extend(id, slot0, proof.lastExpiry, bySender ? 0 : delay, latest);
        c.slot0 = slot0 | Slots.claimFlag(fromB);
    }

    /// @dev Requires that the sender has signed the proof, and that the receiver calls or has accepted it.
    /// @return bySender True if the sender itself calls
    function _requireProven(
        bytes32 id,
        Key calldata key,
        bool fromB,
        uint256 slot0,
        LockProof calldata proof,
        bytes calldata accept
    ) private view returns (bool bySender) {
        (address sender, address receiver) = (key.party(fromB), key.party(!fromB));
        bytes32 structHash = _lockVoucherHash(id, proof);
        if (Slots.deadline(slot0) == 0) {
            _requireAlive(id, slot0);
            _requireCaller(msg.sender == receiver);
        } else {
            _requireDisputeOpen(id, slot0);
            if (msg.sender != receiver) {
                bytes32 consent = Words.hash(ACCEPT_TYPE, id, fromB ? 1 : 0, proof.nonce, uint256(structHash));
                _requireCounterSigned(id, receiver, RIGHT_TO_ACCEPT, 0, consent, accept);
            }
        }
        // No number may be wider than its signed type or its storage field.
        _requireAtMost(id, Slots.MASK112, proof.amount | proof.locked);
        _requireAtMost(id, type(uint48).max, proof.nonce);
        unchecked {
            uint256 limit = proof.amount + proof.locked;
            _requireAtMost(id, Slots.MASK112, limit);
            _requireCounterSigned(id, sender, RIGHT_TO_PAY, limit, structHash, proof.signature);
        }
        return msg.sender == sender;
    }

    /// @dev The five words after the channel's id have the same layout in the proof as in the signed struct.
    function _lockVoucherHash(bytes32 id, LockProof calldata proof) private pure returns (bytes32 hash) {
        bytes32 typeHash = LOCK_VOUCHER_TYPE;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 32), id)
            calldatacopy(add(m, 64), proof, 160)
            hash := keccak256(m, 224)
        }
    }

    /// @dev Locks must be resolvable until their expiry, and a sender that holds a newer proof must be able to post it.
    /// An `Accept` does not shorten the sender's time, because a receiver can sign one for an old proof at any time.
    function _extend(bytes32 id, uint256 slot0, uint256 lastExpiry, uint256 answerTime, uint256 latest)
        private
        returns (uint256)
    {
        uint256 deadline = Slots.deadline(slot0);
        uint256 until = deadline > lastExpiry ? deadline : lastExpiry;
        unchecked {
            uint256 answer = block.timestamp + answerTime;
            if (answer > until) until = answer;
        }
        if (until == deadline) return slot0;
        if (until > latest) revert WindowExhausted(id, until, latest);
        _noteDispute(id, until);
        return (slot0 & Slots.MASK224) | (until << 224);
    }

    /// @inheritdoc IChannelHub
    function unlock(Key calldata key, bool fromB, uint256 limit, bytes calldata openings, bytes32[] calldata siblings)
        external
    {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireDisputeOpen(id, slot0);
        Direction storage d = _directionOf(c, fromB);
        uint256 proofWord = d.proof;
        uint256 claimWord = d.claim;
        Claim memory claim = Claim(id, fromB, key.party(!fromB), proofWord >> 208, claimWord, 0);
        bytes32 root = _openAll(claim, openings, siblings);
        _requireListed(id, Slots.fingerprint(limit, root) == proofWord & Slots.MASK208);
        unchecked {
            // The terms are sums of 112-bit numbers. A sender may have signed a `locked` below the sum of its leaves.
            uint256 claimed = (claimWord & Slots.MASK112) + claim.paid;
            if (claimed > limit) claimed = limit;
            claim.word = (claim.word & ~Slots.MASK112) | claimed;
        }
        if (claim.word == claimWord) revert NothingUnlocked(id);
        d.claim = claim.word;
        emit Unlocked(id, fromB, claim.word);
    }

    /// @dev Resolves locks into `claim` where possible, and returns the root that contains all opened leaves.
    function _openAll(Claim memory claim, bytes calldata openings, bytes32[] calldata siblings)
        private
        returns (bytes32 root)
    {
        uint256[] memory nodes = new uint256[]((openings.length / OPENING) << 1);
        uint256 count = 0;
        uint256 next = 0;
        uint256 offset = 0;
        unchecked {
            while (offset < openings.length) {
                _requireWhole(offset + OPENING <= openings.length, openings);
                uint256 lengths = Calldata.load(openings, offset + 54);
                uint256 consentEnd = offset + OPENING + (lengths >> 240);
                uint256 end = consentEnd + uint24(lengths >> 216);
                _requireWhole(end <= openings.length, openings);
                uint256 index = Calldata.load(openings, offset) >> 248;
                _requireListed(claim.id, index >= next && index < Slots.MAX_LOCKS);
                bytes32 leaf = _leafAt(openings, offset + 1);
                nodes[count] = index;
                nodes[count + 1] = uint256(leaf);
                _resolve(
                    claim,
                    index,
                    leaf,
                    Calldata.slice(openings, offset + 1, offset + 54),
                    Calldata.slice(openings, offset + OPENING, consentEnd),
                    Calldata.slice(openings, consentEnd, end)
                );
                count += 2;
                next = index + 1;
                offset = end;
            }
        }
        if (count == 0) revert NothingUnlocked(claim.id);
        bool ok;
        (ok, root) = LockTree.fold(nodes, count >> 1, siblings);
        _requireListed(claim.id, ok);
    }

    function _requireListed(bytes32 id, bool listed) private pure {
        if (!listed) revert LocksMismatch(id);
    }

    /// @dev Returns the leaf of the lock of 53 bytes at an offset.
    function _leafAt(bytes calldata openings, uint256 offset) private pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            calldatacopy(0, add(openings.offset, offset), 53)
            leaf := keccak256(0, 53)
        }
    }
}
