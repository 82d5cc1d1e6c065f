// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IJudge} from "../../interfaces/IJudge.sol";
import {IRollup} from "../../interfaces/IRollup.sol";
import {Ledger} from "./Ledger.sol";
import {Located} from "./Located.sol";
import {Operations} from "./Operations.sol";

/// @title StateJudge: re-executes one segment and compares the root
/// @notice Convicts when the root after the segment is not what the root before it and the data give. A BLS frame that
/// was skipped, and BLS signatures, are for another judge: here a frame counts as signed if the claim executes it.
contract StateJudge is IJudge {
    uint256 private constant OPS = 27;
    uint256 private constant FRAME = 496;
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
        Ledger.Witness witness;
    }

    /// @inheritdoc IJudge
    function guilty(IRollup.Claim calldata claimed, IRollup.Claim calldata parent, bytes calldata encoded)
        external
        view
        returns (bool)
    {
        Proof memory proof = abi.decode(encoded, (Proof));
        if (claimed.rootsInBlob || keccak256(proof.roots) != claimed.roots) revert Located.WitnessInvalid(5);
        bool first = proof.segment == 0;
        bytes32 preceding = first ? parent.root : Located.rootAt(proof.roots, proof.segment - 1);
        bytes32 following = Located.rootAt(proof.roots, proof.segment);
        if (_rootOf(proof.before) != preceding) revert Located.WitnessInvalid(6);
        (uint256 offset, uint256 queueStart) =
            Located.inside(IRollup(msg.sender), proof.place, parent.segments + proof.segment);
        Ledger.State memory state = Ledger.open(proof.before, proof.witness, first);
        bytes32 start = first ? Ledger.close(state, proof.witness) : preceding;
        uint256 queueSegments = Located.queueSegments(proof.place.item.queueEnd - queueStart);
        if (offset < queueSegments) {
            _runQueue(state, proof, queueStart + offset * OPS);
        } else {
            uint256 index = offset - queueSegments;
            bytes memory frame = _frameAt(proof, index / 2);
            bytes32 beforeFrame = start;
            if (index & 1 == 1) {
                beforeFrame = proof.segment < 2 ? bytes32(0) : Located.rootAt(proof.roots, proof.segment - 2);
                if (proof.segment == 1) beforeFrame = _afterParent(parent, proof);
            }
            (bool judged, bool same) = _runFrame(state, frame, index & 1, start, beforeFrame, following);
            if (judged) return !same;
        }
        return Ledger.close(state, proof.witness) != following;
    }

    /// @dev Runs one half of a frame, or says what the roots alone tell.
    /// @return judged whether the verdict needs no execution
    /// @return same the verdict then: the root after is right
    function _runFrame(
        Ledger.State memory state,
        bytes memory frame,
        uint256 half,
        bytes32 start,
        bytes32 beforeFrame,
        bytes32 following
    ) private view returns (bool judged, bool same) {
        Operations.Header memory head = Operations.header(frame);
        if (head.count != 0 && Operations.opensAccounts(head)) revert Located.WitnessInvalid(21);
        bool bls = head.count != 0 && Operations.byBls(head);
        if (half == 1) {
            // Nothing is left to do, or the first half says that the frame was skipped.
            if (head.count <= OPS || !bls || start == beforeFrame) return (true, following == start);
            (, uint256 to) = Operations.admissible(state, frame, head, false);
            Operations.execute(state, frame, head, 1, to, _domain());
            return (false, false);
        }
        (bool fine, uint256 receiver) = Operations.admissible(state, frame, head, bls);
        if (!fine) return (true, following == start);
        // Skipping a frame that looks right is a matter of its signature.
        if (bls && following == start) return (true, true);
        Operations.execute(state, frame, head, 0, receiver, _domain());
    }

    function _runQueue(Ledger.State memory state, Proof memory proof, uint256 from) private view {
        uint256 left = proof.place.item.queueEnd - from;
        if (proof.items.length != (left < OPS ? left : OPS)) revert Located.WitnessInvalid(7);
        if (state.queueCount != from) revert Located.WitnessInvalid(8);
        bytes32 domain = _domain();
        bytes28 acc = state.queueAcc;
        for (uint256 i; i < proof.items.length; ++i) {
            acc = _next(acc, keccak256(proof.items[i]));
        }
        for (uint256 i; i < proof.later.length; ++i) {
            acc = _next(acc, proof.later[i]);
        }
        uint256 reached = from + proof.items.length + proof.later.length;
        bool known = reached == proof.place.item.queueEnd && acc == proof.place.item.queueAcc;
        if (!known && reached < proof.place.item.queueEnd) {
            (bytes28 kept, uint256 time) = IRollup(msg.sender).checkpoints(reached);
            known = time != 0 && kept == acc;
        }
        if (!known) revert Located.WitnessInvalid(9);
        for (uint256 i; i < proof.items.length; ++i) {
            Operations.consume(state, proof.items[i], domain);
        }
    }

    function _frameAt(Proof memory proof, uint256 index) private pure returns (bytes memory frame) {
        if (keccak256(proof.data) != proof.place.item.data) revert Located.WitnessInvalid(22);
        // A word more than a frame, so that the last operation can be read by whole words.
        frame = new bytes(FRAME + 64);
        uint256 start = index * FRAME;
        uint256 length = proof.data.length - start;
        if (length > FRAME) length = FRAME;
        bytes memory data = proof.data;
        assembly ("memory-safe") {
            mcopy(add(frame, 32), add(add(data, 32), start), length)
        }
    }

    /// @dev The root an assertion starts from: its parent's with an empty withdrawal list.
    function _afterParent(IRollup.Claim calldata parent, Proof memory proof) private pure returns (bytes32) {
        IRollup.Roots memory roots = proof.origin;
        if (_rootOf(roots) != parent.root) revert Located.WitnessInvalid(23);
        roots.withdrawals = _emptyExits();
        roots.numbers = bytes32((uint256(roots.numbers) << 32) >> 32);
        return _rootOf(roots);
    }

    function _emptyExits() private pure returns (bytes32 node) {
        for (uint256 level; level < 17; ++level) {
            node = Ledger.pair(node, node);
        }
    }

    function _rootOf(IRollup.Roots memory roots) private pure returns (bytes32) {
        bytes32 system = keccak256(abi.encode(roots.withdrawals, roots.numbers, roots.queueAcc));
        return keccak256(abi.encode(roots.accounts, system)) & bytes32(type(uint256).max >> 8);
    }

    function _next(bytes28 acc, bytes32 item) private pure returns (bytes28) {
        return bytes28(keccak256(abi.encodePacked(acc, item)) << 32);
    }

    function _domain() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, keccak256("layer2 Rollup"), keccak256("1"), block.chainid, msg.sender));
    }
}
