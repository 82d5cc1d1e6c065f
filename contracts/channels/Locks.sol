// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelHub} from "../interfaces/IChannelHub.sol";
import {ICondition} from "../interfaces/ICondition.sol";
import {Calldata} from "../lib/Calldata.sol";
import {Signatures} from "../lib/Signatures.sol";
import {Key} from "../types/Key.sol";
import {Slots} from "../types/Slots.sol";
import {Disputes} from "./Disputes.sol";

/// @title Conditional payments in a dispute: posting lock-bearing proofs and resolving their locks
abstract contract Locks is Disputes {
    bytes32 private constant LOCK_VOUCHER_TYPE = keccak256(
        "LockVoucher(bytes32 channelId,uint128 amount,uint48 nonce,uint128 locked,uint48 lastExpiry,bytes32 locksHash)"
    );
    bytes32 private constant WATCH_TYPE =
        keccak256("Watch(bytes32 channelId,address tower,bytes32 act,uint48 validUntil)");
    /// @dev Makes the id of a virtual channel differ from the id of any real one.
    bytes32 private constant VIRTUAL_TAG = keccak256("layer2.virtual");

    uint256 private constant KIND_HASH = 0;
    uint256 private constant KIND_VOUCHER = 1;
    uint256 private constant KIND_CONTRACT = 2;

    uint256 private constant LEAF = 64;
    /// @dev What a condition contract may burn.
    uint256 private constant CONDITION_GAS = 2_000_000;

    /// @inheritdoc IChannelHub
    function postLocks(Key calldata key, bool fromB, LockProof calldata proof, Delegation calldata consent) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        uint256 lastExpiry = proof.lastExpiry;
        uint256 deadline = Slots.deadline(slot0);
        (bytes32 structHash, uint256 exposure) = _storeProof(c, id, fromB, proof);
        {
            address receiver = fromB ? key.a : key.b;
            if (deadline == 0) {
                _requireAlive(id, slot0);
                _requireCaller(msg.sender == receiver);
                deadline = _openDispute(c, key, id, slot0);
            } else {
                _requireDisputeOpen(id, slot0);
                if (msg.sender != receiver) _requireDelegated(id, receiver, structHash, consent);
            }
        }
        _requireCounterSigned(id, fromB ? key.b : key.a, structHash, exposure, proof.signature);
        if (lastExpiry > deadline) {
            // Locks must be resolvable, by their expiry, before anybody can settle.
            c.slot0 = (slot0 & Slots.MASK224) | (lastExpiry << 224);
            emit DisputeStarted(id, lastExpiry);
        }
    }

    /// @return structHash of the LockVoucher
    /// @return exposure what the proof can be worth at most
    function _storeProof(Channel storage c, bytes32 id, bool fromB, LockProof calldata proof)
        private
        returns (bytes32 structHash, uint256 exposure)
    {
        uint256 amount = proof.amount;
        uint256 nonce = proof.nonce;
        uint256 locked = proof.locked;
        uint256 lastExpiry = proof.lastExpiry;
        bytes32 locksHash = proof.locksHash;
        structHash = keccak256(abi.encode(LOCK_VOUCHER_TYPE, id, amount, nonce, locked, lastExpiry, locksHash));
        unchecked {
            uint256 latest = block.timestamp + _MAX_LOCK_DURATION;
            if (lastExpiry > latest) revert LockExpiryTooFar(lastExpiry, latest);
            exposure = amount + locked;
        }
        _requireAtMost(id, Slots.MASK112, exposure);
        uint256 have = _locksOf(c, fromB) >> 208;
        if (nonce <= have) revert NonceStale(id, have, nonce);
        uint256 slot1 = c.slot1;
        uint256 flag = Slots.lockFlag(fromB);
        if (slot1 & flag == 0) {
            // Over a plain counter an older proof must not come back; over an older proof the nonce decides.
            have = Slots.sent(slot1, fromB);
            if (amount < have) revert CounterStale(id, have, amount);
        }
        _storeLocks(c, fromB, (nonce << 208) | Slots.fingerprint(locked, lastExpiry, locksHash));
        emit LocksPosted(id, fromB, uint48(nonce), locksHash);
        _storeSent(c, id, slot1 | flag, fromB, amount);
    }

    function _locksOf(Channel storage c, bool fromB) private view returns (uint256) {
        return fromB ? c.locksB : c.locksA;
    }

    function _storeLocks(Channel storage c, bool fromB, uint256 word) private {
        if (fromB) c.locksB = word;
        else c.locksA = word;
    }

    /// @inheritdoc IChannelHub
    function unlock(
        Key calldata key,
        bool fromB,
        uint128 locked,
        uint48 lastExpiry,
        bytes calldata locks,
        bytes[] calldata resolutions,
        Delegation calldata consent
    ) external {
        (bytes32 id, Channel storage c, uint256 slot0) = _load(key, false);
        _requireDisputeOpen(id, slot0);
        bytes32 locksHash = keccak256(locks);
        _requireListed(c, id, fromB, Slots.fingerprint(locked, lastExpiry, locksHash));
        if (locks.length != resolutions.length << 6) revert LocksMismatch(id);
        bool trusted = _mayChoose(id, fromB ? key.a : key.b, locksHash, resolutions, consent);
        (uint256 resolved, uint256 released, bytes32 restHash) = _resolveAll(id, locks, resolutions, trusted);
        if (released == 0) revert NothingUnlocked(id);
        // A sender may have signed a `locked` below the sum of its leaves.
        _requireAtMost(id, locked, released);
        emit Unlocked(id, fromB, resolved, restHash);
        uint256 slot1 = c.slot1;
        unchecked {
            // resolved <= released <= locked, and amount + locked was below 2^112 when the proof was posted.
            _storeRest(c, fromB, Slots.fingerprint(locked - released, lastExpiry, restHash));
            _storeSent(c, id, slot1, fromB, Slots.sent(slot1, fromB) + resolved);
        }
    }

    function _requireListed(Channel storage c, bytes32 id, bool fromB, uint256 fingerprint) private view {
        bool stands = c.slot1 & Slots.lockFlag(fromB) != 0;
        if (!stands || _locksOf(c, fromB) & Slots.MASK208 != fingerprint) revert LocksMismatch(id);
    }

    function _storeRest(Channel storage c, bool fromB, uint256 fingerprint) private {
        _storeLocks(c, fromB, (_locksOf(c, fromB) & ~Slots.MASK208) | fingerprint);
    }

    /// @dev Whether the resolutions are the receiver's own choice.
    function _mayChoose(
        bytes32 id,
        address receiver,
        bytes32 locksHash,
        bytes[] calldata resolutions,
        Delegation calldata consent
    ) private view returns (bool) {
        if (msg.sender == receiver) return true;
        if (consent.signature.length == 0) return false;
        bytes32 act = keccak256(abi.encode(locksHash, keccak256(abi.encode(resolutions))));
        _requireDelegated(id, receiver, act, consent);
        return true;
    }

    function _requireDelegated(bytes32 id, address receiver, bytes32 act, Delegation calldata consent) private view {
        _requireCaller(consent.tower == address(0) || consent.tower == msg.sender);
        _requireNotExpired(consent.validUntil);
        bytes32 structHash = keccak256(abi.encode(WATCH_TYPE, id, consent.tower, act, consent.validUntil));
        _requireSigned(structHash, receiver, consent.signature);
    }

    /// @return resolved what the locks pay
    /// @return released the locked amounts that are used up
    /// @return restHash of the leaves that stay
    function _resolveAll(bytes32 id, bytes calldata locks, bytes[] calldata resolutions, bool trusted)
        private
        returns (uint256 resolved, uint256 released, bytes32 restHash)
    {
        bytes memory rest = new bytes(locks.length);
        uint256 kept;
        for (uint256 i; i < resolutions.length; ++i) {
            bytes calldata leaf = Calldata.slice(locks, i << 6, (i << 6) + LEAF);
            (bool ok, uint256 paid) = _resolve(id, leaf, resolutions[i], trusted);
            if (ok) {
                unchecked {
                    // Sums of 128-bit numbers.
                    resolved += paid;
                    released += Calldata.load(leaf, 0) >> 128;
                }
            } else {
                assembly ("memory-safe") {
                    calldatacopy(add(add(rest, 32), kept), leaf.offset, 64)
                    kept := add(kept, 64)
                }
            }
        }
        assembly ("memory-safe") {
            restHash := keccak256(add(rest, 32), kept)
        }
    }

    function _resolve(bytes32 id, bytes calldata leaf, bytes calldata resolution, bool trusted)
        private
        returns (bool, uint256)
    {
        uint256 head = Calldata.load(leaf, 0);
        bytes32 condition = bytes32(Calldata.load(leaf, 32));
        uint256 amount = head >> 128;
        if (resolution.length == 0 || block.timestamp > uint48(head >> 80)) return (false, 0);
        uint256 kind = uint8(head >> 72);
        if (kind == KIND_HASH) return _resolveHash(condition, resolution) ? (true, amount) : (false, 0);
        // A voucher below the newest one, or poorer evidence, would use the lock up: only the receiver may choose.
        _requireCaller(trusted);
        bool ok = false;
        uint256 worth = 0;
        if (kind == KIND_VOUCHER) (ok, worth) = _resolveVoucher(condition, resolution);
        else if (kind == KIND_CONTRACT) (ok, worth) = _resolveContract(id, condition, resolution);
        return (ok, worth < amount ? worth : amount);
    }

    function _resolveHash(bytes32 condition, bytes calldata resolution) private returns (bool) {
        if (resolution.length != 32 || sha256(resolution) != condition) return false;
        emit PreimageRevealed(condition, bytes32(resolution));
        return true;
    }

    function _resolveVoucher(bytes32 condition, bytes calldata resolution) private view returns (bool, uint256) {
        uint256 payer = Calldata.wordAt(resolution, 0);
        uint256 amount = Calldata.wordAt(resolution, 3);
        bytes32 virtualId =
            keccak256(abi.encode(VIRTUAL_TAG, payer, Calldata.wordAt(resolution, 1), Calldata.wordAt(resolution, 2)));
        bool ok = virtualId == condition
            && Signatures.isValid(
                _digest(_voucherHash(virtualId, amount)), address(uint160(payer)), Calldata.bytesAt(resolution, 4)
            );
        return (ok, amount);
    }

    function _resolveContract(bytes32 id, bytes32 condition, bytes calldata resolution)
        private
        view
        returns (bool ok, uint256 worth)
    {
        address target = address(uint160(Calldata.wordAt(resolution, 0)));
        bytes calldata terms = Calldata.bytesAt(resolution, 1);
        bytes calldata evidence = Calldata.bytesAt(resolution, 2);
        if (keccak256(abi.encode(target, keccak256(terms))) != condition) return (false, 0);
        bytes memory data = abi.encodeCall(ICondition.resolve, (id, terms, evidence));
        uint256 before = gasleft();
        assembly ("memory-safe") {
            ok := staticcall(CONDITION_GAS, target, add(data, 32), mload(data), 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            worth := mload(0)
        }
        if (!ok && before < (CONDITION_GAS * 64) / 63 + 50_000) {
            revert GasTooLow(before, (CONDITION_GAS * 64) / 63 + 50_000);
        }
    }
}
