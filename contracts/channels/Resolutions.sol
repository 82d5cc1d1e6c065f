// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICondition} from "../interfaces/ICondition.sol";
import {Calldata} from "../lib/Calldata.sol";
import {Words} from "../lib/Words.sol";
import {Disputes} from "./Disputes.sol";

/// @title Payment of one opened lock: by a preimage, by a virtual channel's voucher, or by a condition contract
abstract contract Resolutions is Disputes {
    /// @dev The claim of one direction while some of its locks are resolved.
    /// @param id The id of the channel
    /// @param fromB True for B's direction, false for A's
    /// @param receiver The party that the locks pay
    /// @param nonce The nonce of the posted proof
    /// @param word The claim word, with the bits of the resolved locks
    /// @param paid The payments of the locks in this call
    struct Claim {
        bytes32 id;
        bool fromB;
        address receiver;
        uint256 nonce;
        uint256 word;
        uint256 paid;
    }

    bytes32 private constant RESOLVE_TYPE =
        keccak256("Resolve(bytes32 channelId,bool fromB,bytes32 leaf,bytes32 resolution)");
    /// @dev Makes the id of a virtual channel differ from the id of any real one.
    bytes32 private constant VIRTUAL_TAG = keccak256("layer2.virtual");

    uint256 private constant KIND_HASH = 0;
    uint256 private constant KIND_VOUCHER = 1;
    uint256 private constant KIND_CONTRACT = 2;

    /// @dev The gas limit of a condition contract.
    uint256 private constant CONDITION_GAS = 2_000_000;

    /// @dev Payments of locks that others resolved with the receiver's consent, by claim and index. A consent to a
    /// higher payment can still be submitted.
    mapping(bytes32 => uint256) private _paidByConsent;

    /// @dev Adds the payment of the lock to `claim`; adds nothing if the lock cannot be resolved, or is already
    /// resolved.
    /// @param lock amount(14) | expiry(6) | kind(1) | condition(32)
    function _resolve(
        Claim memory claim,
        uint256 index,
        bytes32 leaf,
        bytes calldata lock,
        bytes calldata consent,
        bytes calldata resolution
    ) internal {
        uint256 head = Calldata.load(lock, 0);
        if (resolution.length == 0 || block.timestamp > uint48(head >> 96)) return;
        uint256 bit = 1 << (112 + index);
        bytes32 condition = bytes32(Calldata.load(lock, 21));
        if (uint8(head >> 88) == KIND_HASH) {
            if (claim.word & bit != 0 || !_opensHash(condition, resolution)) return;
            unchecked {
                claim.paid += head >> 144;
            }
        } else if (!_resolveChosen(claim, index, bit, leaf, head, condition, consent, resolution)) {
            return;
        }
        claim.word |= bit;
    }

    /// @dev A voucher below the newest one, or weaker evidence, would use up the lock, so the receiver decides. Its own
    /// choice is final. Among its consents the best one counts, so an old consent held by someone else does no harm.
    function _resolveChosen(
        Claim memory claim,
        uint256 index,
        uint256 bit,
        bytes32 leaf,
        uint256 head,
        bytes32 condition,
        bytes calldata consent,
        bytes calldata resolution
    ) private returns (bool) {
        bytes32 place = Words.hash(0, claim.id, claim.fromB ? 1 : 0, claim.nonce, index);
        uint256 before = claim.word & bit == 0 ? 0 : _paidByConsent[place];
        if (claim.word & bit != 0 && before == 0) return false;
        bool own = msg.sender == claim.receiver;
        if (!own) {
            bytes32 structHash =
                Words.hash(RESOLVE_TYPE, claim.id, claim.fromB ? 1 : 0, uint256(leaf), uint256(keccak256(resolution)));
            _requireCounterSigned(claim.id, claim.receiver, RIGHT_TO_ACCEPT, 0, structHash, consent);
        }
        uint256 worth = 0;
        uint256 kind = uint8(head >> 88);
        if (kind == KIND_VOUCHER) worth = _worthOfVoucher(condition, resolution);
        else if (kind == KIND_CONTRACT) worth = _worthByContract(claim.id, condition, resolution);
        if (worth > head >> 144) worth = head >> 144;
        if (worth <= before) return false;
        if (!own || before != 0) _paidByConsent[place] = worth;
        unchecked {
            claim.paid += worth - before;
        }
        return true;
    }

    /// @dev Returns true if the resolution is the preimage of a hash lock, and publishes it.
    function _opensHash(bytes32 condition, bytes calldata resolution) private returns (bool) {
        if (resolution.length != 32 || sha256(resolution) != condition) return false;
        emit PreimageRevealed(condition, bytes32(resolution));
        return true;
    }

    /// @dev payer(20) | payee(20) | salt(32) | amount(16) | signature. A resolution that is too short is rejected,
    /// because its slice does not have the length of a signature.
    function _worthOfVoucher(bytes32 condition, bytes calldata resolution) private view returns (uint256 worth) {
        address payer = address(uint160(Calldata.load(resolution, 0) >> 96));
        uint256 payee = Calldata.load(resolution, 20) >> 96;
        worth = Calldata.load(resolution, 72) >> 128;
        uint256 salt = Calldata.load(resolution, 40);
        bytes32 virtualId = Words.hash(VIRTUAL_TAG, bytes32(uint256(uint160(payer))), payee, salt);
        unchecked {
            if (
                virtualId != condition
                    || !_isSignedBy(
                        _voucherHash(virtualId, worth), payer, Calldata.slice(resolution, 88, resolution.length)
                    )
            ) return 0;
        }
    }

    /// @dev condition contract(20) | termsLength(4) | terms | evidence. Any length is handled, because the sum is
    /// computed in 256 bits.
    function _worthByContract(bytes32 id, bytes32 condition, bytes calldata resolution)
        private
        view
        returns (uint256 worth)
    {
        address target = address(uint160(Calldata.load(resolution, 0) >> 96));
        uint256 end = 24 + (Calldata.load(resolution, 20) >> 224);
        if (end > resolution.length) return 0;
        bytes calldata terms = Calldata.slice(resolution, 24, end);
        bytes32 agreed = Words.hash(bytes32(uint256(uint160(target))), keccak256(terms));
        if (agreed != condition) return 0;
        bytes calldata evidence = Calldata.slice(resolution, end, resolution.length);
        bytes memory data = _question(id, terms, evidence);
        uint256 before = gasleft();
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(CONDITION_GAS, target, add(data, 32), mload(data), 0, 32)
            ok := and(ok, gt(returndatasize(), 31))
            worth := mul(ok, mload(0))
        }
        if (!ok && before < (CONDITION_GAS * 64) / 63 + 50_000) {
            revert InsufficientGas(before, (CONDITION_GAS * 64) / 63 + 50_000);
        }
    }

    /// @dev Encodes `abi.encodeCall(ICondition.resolve, (id, terms, evidence))` without padding of the terms, because
    /// the second byte string may begin at any offset.
    function _question(bytes32 id, bytes calldata terms, bytes calldata evidence)
        private
        pure
        returns (bytes memory data)
    {
        bytes4 selector = ICondition.resolve.selector;
        assembly ("memory-safe") {
            data := mload(0x40)
            let head := add(data, 36)
            mstore(add(data, 32), selector)
            mstore(head, id)
            mstore(add(head, 32), 96)
            mstore(add(head, 64), add(128, terms.length))
            mstore(add(head, 96), terms.length)
            calldatacopy(add(head, 128), terms.offset, terms.length)
            let tail := add(add(head, 128), terms.length)
            mstore(tail, evidence.length)
            calldatacopy(add(tail, 32), evidence.offset, evidence.length)
            let end := add(add(tail, 32), evidence.length)
            mstore(data, sub(end, add(data, 32)))
            mstore(0x40, and(add(end, 31), not(31)))
        }
    }
}
