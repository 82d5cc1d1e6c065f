// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRollup} from "../../interfaces/IRollup.sol";
import {Ledger} from "./Ledger.sol";
import {Located} from "./Located.sol";

/// @title Opening one segment of a claim: its place, its data, the roots around it, the accounts it touches
abstract contract Segment {
    uint256 internal constant OPS = 27;
    uint256 private constant FRAME = 496;
    uint256 private constant WITHDRAWAL_DEPTH = 17;
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @param segment which segment, counted from the claim's first
    /// @param roots all roots of the claim, as they were given
    /// @param before parts of the state root before the segment (for the first one: the parent's)
    /// @param origin for the claim's second segment, parts of the parent's root; else ignored
    /// @param place the entry of the inbox that holds it
    /// @param data the entry's frames
    /// @param items the queue items of the segment, if it is one of the queue
    /// @param later hashes of the items after them, up to a checkpoint or the entry's end
    /// @param keys of the accounts for which queue items of the segment are signed by BLS, as EIP-2537 takes them
    /// @param hints for reading those signatures, or the keys of new accounts, see `Bls`
    /// @param witness the accounts touched
    struct Proof {
        uint256 segment;
        bytes roots;
        IRollup.Roots before;
        IRollup.Roots origin;
        Located.Place place;
        bytes data;
        bytes[] items;
        bytes32[] later;
        bytes[] keys;
        bytes[] hints;
        Ledger.Witness witness;
    }

    /// @param state the accounts touched, before the segment; not proven yet
    /// @param start root before the segment
    /// @param following root after it, as the claim has it
    /// @param queueStart queue position before its entry
    /// @param queueSegments segments of its entry that consume the queue
    /// @param offset its number inside its entry
    struct Opened {
        Ledger.State state;
        bytes32 start;
        bytes32 following;
        uint256 queueStart;
        uint256 queueSegments;
        uint256 offset;
    }

    function _open(IRollup.Claim calldata claimed, IRollup.Claim calldata parent, Proof memory proof)
        internal
        view
        returns (Opened memory opened)
    {
        if (claimed.rootsInBlob || keccak256(proof.roots) != claimed.roots) revert Located.WitnessInvalid(5);
        bool first = proof.segment == 0;
        bytes32 preceding = first ? parent.root : Located.rootAt(proof.roots, proof.segment - 1);
        opened.following = Located.rootAt(proof.roots, proof.segment);
        if (_rootOf(proof.before) != preceding) revert Located.WitnessInvalid(6);
        (opened.offset, opened.queueStart) =
            Located.inside(IRollup(msg.sender), proof.place, parent.segments + proof.segment);
        opened.queueSegments = Located.queueSegments(proof.place.item.queueEnd - opened.queueStart);
        opened.state = Ledger.open(proof.before, proof.witness, first);
        opened.start = first ? Ledger.rootWith(opened.state, proof.before.accounts) : preceding;
    }

    /// @dev A word more than a frame, so that the last operation can be read by whole words.
    function _frameAt(Proof memory proof, uint256 index) internal pure returns (bytes memory frame) {
        if (keccak256(proof.data) != proof.place.item.data) revert Located.WitnessInvalid(22);
        frame = new bytes(FRAME + 64);
        uint256 start = index * FRAME;
        uint256 length = proof.data.length - start;
        if (length > FRAME) length = FRAME;
        bytes memory data = proof.data;
        assembly ("memory-safe") {
            mcopy(add(frame, 32), add(add(data, 32), start), length)
        }
    }

    /// @dev The root before the frame whose second half the segment is.
    function _beforeFrame(IRollup.Claim calldata parent, Proof memory proof) internal pure returns (bytes32) {
        if (proof.segment > 1) return Located.rootAt(proof.roots, proof.segment - 2);
        if (proof.segment == 0) revert Located.WitnessInvalid(24);
        // An assertion starts from its parent's root with an empty withdrawal list.
        IRollup.Roots memory roots = proof.origin;
        if (_rootOf(roots) != parent.root) revert Located.WitnessInvalid(23);
        bytes32 none = 0;
        for (uint256 level; level < WITHDRAWAL_DEPTH; ++level) {
            none = Ledger.pair(none, none);
        }
        roots.withdrawals = none;
        roots.numbers = bytes32((uint256(roots.numbers) << 32) >> 32);
        return _rootOf(roots);
    }

    function _rootOf(IRollup.Roots memory roots) internal pure returns (bytes32) {
        bytes32 system = keccak256(abi.encode(roots.withdrawals, roots.numbers, roots.queueAcc));
        return keccak256(abi.encode(roots.accounts, system)) & bytes32(type(uint256).max >> 8);
    }

    /// @dev The rollup's EIP-712 domain: whoever asks a judge is the rollup.
    function _domain() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("layer2 Rollup"), keccak256("1"), block.chainid, msg.sender));
    }
}
