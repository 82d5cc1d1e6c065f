// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {Calldata} from "../lib/Calldata.sol";
import {LockTree} from "../lib/LockTree.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {Resolutions} from "./Resolutions.sol";

/// @title Conditional payments in a dispute: posting lock-bearing proofs and unlocking what they carry
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
        uint256 latest = block.timestamp;
        unchecked {
            latest += _MAX_LOCK_DURATION;
        }
        if (proof.lastExpiry > latest) revert LockExpiryTooFar(proof.lastExpiry, latest);
        _requireProven(id, key, fromB, slot0, proof, accept);
        latest = _storeProof(fromB ? c.proofB : c.proofA, c, id, key, fromB, slot0, proof);
        _extend(c, id, key, fromB, slot0, proof.lastExpiry, latest);
    }

    /// @dev The sender signed the proof, and the receiver brings it or has accepted it.
    function _requireProven(
        bytes32 id,
        Key calldata key,
        bool fromB,
        uint256 slot0,
        LockProof calldata proof,
        bytes calldata accept
    ) private view {
        (address sender, address receiver) = fromB ? (key.b, key.a) : (key.a, key.b);
        bytes32 structHash = keccak256(
            abi.encode(
                LOCK_VOUCHER_TYPE, id, proof.amount, proof.nonce, proof.locked, proof.lastExpiry, proof.locksRoot
            )
        );
        if (Slots.deadline(slot0) == 0) {
            _requireAlive(id, slot0);
            _requireCaller(msg.sender == receiver);
        } else {
            _requireDisputeOpen(id, slot0);
            if (msg.sender != receiver) {
                bytes32 consent = keccak256(abi.encode(ACCEPT_TYPE, id, fromB, proof.nonce, structHash));
                _requireCounterSigned(id, receiver, RIGHT_TO_ACCEPT, 0, consent, accept);
            }
        }
        _requireCounterSigned(id, sender, RIGHT_TO_PAY, _limitOf(id, proof), structHash, proof.signature);
    }

    function _limitOf(bytes32 id, LockProof calldata proof) private pure returns (uint256 limit) {
        unchecked {
            limit = uint256(proof.amount) + proof.locked;
        }
        _requireAtMost(id, Slots.MASK112, limit);
    }

    /// @return latest how far this direction may move the deadline in all
    function _storeProof(
        uint256 standing,
        Channel storage c,
        bytes32 id,
        Key calldata key,
        bool fromB,
        uint256 slot0,
        LockProof calldata proof
    ) private returns (uint256 latest) {
        uint256 nonce = proof.nonce;
        // Without a claim the word is zero, as no nonce is.
        if (nonce <= standing >> 208) revert NonceStale(id, standing >> 208, nonce);
        if (slot0 & Slots.claimFlag(fromB) != 0) {
            latest = (fromB ? c.claimB : c.claimA) >> 224;
        } else {
            unchecked {
                // Time for the other party to answer the first proof of the direction, and for an answer to that.
                latest = block.timestamp + 2 * _delayOf(key) + _MAX_LOCK_DURATION;
            }
        }
        bytes32 root = proof.locksRoot;
        uint256 amount = proof.amount;
        uint256 proofWord = (nonce << 208) | Slots.fingerprint(amount + proof.locked, root);
        uint256 claimWord = (latest << 224) | amount;
        if (fromB) (c.proofB, c.claimB) = (proofWord, claimWord);
        else (c.proofA, c.claimA) = (proofWord, claimWord);
        emit LocksPosted(id, fromB, uint48(nonce), uint128(amount), root);
    }

    /// @dev Locks must be resolvable by their expiry, and a sender that holds a newer proof must be able to post it.
    function _extend(
        Channel storage c,
        bytes32 id,
        Key calldata key,
        bool fromB,
        uint256 slot0,
        uint256 lastExpiry,
        uint256 latest
    ) private {
        uint256 deadline = Slots.deadline(slot0);
        uint256 until = deadline > lastExpiry ? deadline : lastExpiry;
        // An Accept does not spare the sender this time: a receiver can sign one for an old proof at any time.
        if (msg.sender != (fromB ? key.b : key.a)) {
            uint256 answer = _deadlineFromNow(key);
            if (answer > until) until = answer;
        }
        if (until != deadline) {
            if (until > latest) revert WindowExhausted(id, until, latest);
            emit DisputeStarted(id, until);
        }
        c.slot0 = (slot0 & Slots.MASK224) | Slots.claimFlag(fromB) | (until << 224);
    }

    /// @inheritdoc IChannelHub
    function unlock(Key calldata key, bool fromB, uint256 limit, bytes calldata openings, bytes32[] calldata siblings)
        external
    {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireDisputeOpen(id, slot0);
        uint256 proofWord = fromB ? c.proofB : c.proofA;
        uint256 claimWord = fromB ? c.claimB : c.claimA;
        Claim memory claim = Claim(id, fromB, fromB ? key.a : key.b, proofWord >> 208, claimWord, 0);
        bytes32 root = _openAll(claim, openings, siblings);
        if (Slots.fingerprint(limit, root) != proofWord & Slots.MASK208) revert LocksMismatch(id);
        unchecked {
            // Sums of 112-bit numbers. A sender may have signed a `locked` below the sum of its leaves.
            uint256 claimed = (claimWord & Slots.MASK112) + claim.paid;
            if (claimed > limit) claimed = limit;
            claim.word = (claim.word & ~Slots.MASK112) | claimed;
        }
        if (claim.word == claimWord) revert NothingUnlocked(id);
        if (fromB) c.claimB = claim.word;
        else c.claimA = claim.word;
        emit Unlocked(id, fromB, claim.word);
    }

    /// @dev Resolves what can be resolved, into `claim`, and returns the root that all opened leaves are under.
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
                if (offset + OPENING > openings.length) revert RowsMalformed(openings.length);
                uint256 lengths = Calldata.load(openings, offset + 54);
                uint256 consentEnd = offset + OPENING + (lengths >> 240);
                uint256 end = consentEnd + uint24(lengths >> 216);
                if (end > openings.length) revert RowsMalformed(openings.length);
                uint256 index = Calldata.load(openings, offset) >> 248;
                if (index < next || index >= Slots.MAX_LOCKS) revert LocksMismatch(claim.id);
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
        if (!ok) revert LocksMismatch(claim.id);
    }

    function _leafAt(bytes calldata openings, uint256 offset) private pure returns (bytes32 leaf) {
        assembly ("memory-safe") {
            calldatacopy(0, add(openings.offset, offset), 53)
            leaf := keccak256(0, 53)
        }
    }
}
