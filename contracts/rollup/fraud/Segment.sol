// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";
import {Calldata} from "../../lib/Calldata.sol";
import {Ledger} from "./Ledger.sol";
import {Operations} from "./Operations.sol";
import {SegmentPosition} from "./SegmentPosition.sol";
import {Shown} from "./Shown.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title Opening of one segment of an assertion: its position, its data, the roots around it, the accounts it uses
/// @dev A judge receives `abi.encode(Proof, siblings, keys)`: the last two are by far the longest parts and are read in
/// place. The keys are those of the accounts whose queue items in the segment are signed by BLS or, for the signature
/// judge, those of all accounts (`Accounts.readKeyed`); `Bls.KEY` bytes each.
abstract contract Segment {
    uint256 internal constant OPS = 27;
    uint256 private constant WITHDRAWAL_DEPTH = 17;
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @dev The decoded part of a proof.
    /// @param segment The index of the segment, counted from the assertion's first
    /// @param before The components of the state root before the segment (for the first one: the parent's)
    /// @param origin The components of the parent's root for the assertion's second segment; otherwise ignored
    /// @param place The inbox entry that contains the segment
    /// @param pieces Its frame, and the roots around it
    /// @param items The queue items of the segment, if it is a queue segment
    /// @param later The hashes of the items after them, up to a checkpoint or the entry's end
    /// @param hints The hints for decoding their signatures, or the keys of new accounts, see `Bls`
    /// @param witness The accounts that the segment uses
    struct Proof {
        uint256 segment;
        IRollup.Roots before;
        IRollup.Roots origin;
        SegmentPosition.Place place;
        Shown.Pieces pieces;
        bytes[] items;
        bytes32[] later;
        bytes[] hints;
        Ledger.Witness witness;
    }

    /// @dev An opened segment.
    /// @param state The state before the segment, whose accounts are read by the judge
    /// @param start The root before the segment
    /// @param following The root after it, as asserted
    /// @param beforeFrame The root before the frame, if the segment is its second half
    /// @param frame The frame, unless the segment is a queue segment
    /// @param isQueue True if it is a queue segment
    /// @param half The half of the frame: 0 or 1
    /// @param queueStart The queue position before the segment
    struct Opened {
        Ledger.State state;
        bytes32 start;
        bytes32 following;
        bytes32 beforeFrame;
        bytes frame;
        bool isQueue;
        uint256 half;
        uint256 queueStart;
    }

    /// @dev Leaves the accounts to the judge, which decides how they are read.
    /// @param adds True if the judge adds withdrawals where the data can
    function _open(IRollup.Assertion calldata claimed, IRollup.Assertion calldata parent, Proof memory proof, bool adds)
        internal
        view
        returns (Opened memory opened)
    {
        uint256 segments = claimed.segments - parent.segments;
        if (proof.segment >= segments) revert WitnessErrors.SegmentOutOfRange();
        (uint256 offset, uint256 queueStart) =
            SegmentPosition.inside(IRollup(msg.sender), proof.place, parent.segments + proof.segment);
        uint256 queueSegments = SegmentPosition.queueSegments(proof.place.item.queueEnd - queueStart);
        opened.isQueue = offset < queueSegments;
        opened.queueStart = queueStart + offset * OPS;
        uint256 index = 0;
        if (!opened.isQueue) (index, opened.half) = ((offset - queueSegments) / 2, (offset - queueSegments) % 2);
        // The roots are: after the segment, before it, and for a second half before the frame.
        uint256 back = 1 + opened.half;
        uint256 first = proof.segment < back ? 0 : proof.segment - back;
        bytes32[] memory roots;
        (opened.frame, roots) = Shown.check(
            proof.pieces, claimed, segments, proof.place.item, !opened.isQueue, index, first, proof.segment
        );
        bool fresh = proof.segment == 0;
        opened.following = roots[roots.length - 1];
        bytes32 preceding = fresh ? parent.root : roots[roots.length - 2];
        if (_rootOf(proof.before) != preceding) revert WitnessErrors.InvalidPrecedingState();
        bool takesOut = adds && (opened.isQueue || Operations.takesOut(uint8(opened.frame[0])));
        opened.state = Ledger.open(proof.before, proof.witness.branch, fresh, takesOut);
        opened.start = fresh ? Ledger.rootWith(opened.state, proof.before.accounts) : preceding;
        if (opened.half == 1) opened.beforeFrame = proof.segment == 1 ? _beforeFirst(parent, proof) : roots[0];
    }

    function _siblings(bytes calldata encoded) internal pure returns (bytes calldata) {
        return Calldata.bytesAt(encoded, 1);
    }

    function _keys(bytes calldata encoded) internal pure returns (bytes calldata) {
        return Calldata.bytesAt(encoded, 2);
    }

    /// @dev An assertion starts from its parent's root with an empty withdrawal list.
    function _beforeFirst(IRollup.Assertion calldata parent, Proof memory proof) private pure returns (bytes32) {
        IRollup.Roots memory roots = proof.origin;
        if (_rootOf(roots) != parent.root) revert WitnessErrors.InvalidParentState();
        bytes32 none = 0;
        for (uint256 level; level < WITHDRAWAL_DEPTH; ++level) {
            none = Ledger.pair(none, none);
        }
        roots.withdrawals = none;
        // From here on the parent's withdrawals count as earlier ones.
        uint256 numbers = uint256(roots.numbers);
        roots.numbers = bytes32(((numbers << 32) >> 32) + ((numbers >> 224) << 32));
        return _rootOf(roots);
    }

    function _rootOf(IRollup.Roots memory roots) internal pure returns (bytes32) {
        bytes32 system = keccak256(abi.encode(roots.withdrawals, roots.numbers, roots.queueAcc));
        return keccak256(abi.encode(roots.accounts, system)) & bytes32(type(uint256).max >> 8);
    }

    /// @dev Returns the rollup's EIP-712 domain. The caller of a judge is the rollup.
    function _domain() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("layer2 Rollup"), keccak256("1"), block.chainid, msg.sender));
    }
}
