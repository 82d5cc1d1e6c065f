// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IJudge} from "../../interfaces/IJudge.sol";
import {IRollup} from "../../interfaces/IRollup.sol";
import {Bls} from "../../lib/Bls.sol";
import {Ledger} from "./Ledger.sol";
import {Located} from "./Located.sol";
import {Operations} from "./Operations.sol";
import {Segment} from "./Segment.sol";

/// @title SignatureJudge: decides whether a frame that one BLS signature stands for had to be executed
/// @notice Convicts when a frame was executed whose signature is wrong, and when one was skipped that is right.
contract SignatureJudge is IJudge, Segment {
    using Ledger for Ledger.State;

    /// @param keys of the senders, one for each operation, as EIP-2537 takes them
    /// @param hint for reading the signature's point, see `Bls.signature`
    struct Keys {
        bytes[] keys;
        bytes hint;
    }

    /// @inheritdoc IJudge
    function guilty(IRollup.Claim calldata claimed, IRollup.Claim calldata parent, bytes calldata encoded)
        external
        view
        returns (bool)
    {
        (Proof memory proof, Keys memory signers) = abi.decode(encoded, (Proof, Keys));
        Opened memory opened = _open(claimed, parent, proof);
        uint256 index = opened.offset - opened.queueSegments;
        // The first half tells whether a frame was executed.
        if (opened.offset < opened.queueSegments || index & 1 == 1) revert Located.WitnessInvalid(30);
        bytes memory frame = _frameAt(proof, index / 2);
        Operations.Header memory head = Operations.header(frame);
        if (head.count == 0 || !Operations.byBls(head)) revert Located.WitnessInvalid(31);
        bool executed = opened.following != opened.start;
        Ledger.prove(opened.state, proof.witness, proof.before.accounts);
        (bool fine,) = Operations.admissible(opened.state, frame, head, true);
        // A sender that is not there, or has no BLS key, decides it without any signature.
        if (!fine) return executed;
        return executed != _signed(opened.state, frame, head, signers);
    }

    function _signed(Ledger.State memory state, bytes memory frame, Operations.Header memory head, Keys memory signers)
        private
        view
        returns (bool)
    {
        bytes memory compressed = new bytes(48);
        assembly ("memory-safe") {
            mcopy(add(compressed, 32), add(frame, 40), 48)
        }
        (bool valid, bytes memory point) = Bls.signature(compressed, signers.hint);
        if (!valid) return false;
        if (signers.keys.length != head.count) revert Located.WitnessInvalid(32);
        return Bls.verify(point, signers.keys, _digests(state, frame, head, signers.keys));
    }

    /// @dev What each operation's sender signs; the senders are those that were named last.
    function _digests(Ledger.State memory state, bytes memory frame, Operations.Header memory head, bytes[] memory keys)
        private
        view
        returns (bytes32[] memory digests)
    {
        bytes32 domain = _domain();
        digests = new bytes32[](head.count);
        uint256[] memory used = new uint256[](state.ids.length);
        state.hint -= head.count;
        for (uint256 i; i < head.count; ++i) {
            Operations.Op memory op = Operations.opAt(frame, head, i);
            uint256 at = state.find(op.sender);
            if (keccak256(keys[i]) != state.owners[at]) revert Located.WitnessInvalid(33);
            digests[i] = Operations.digestOf(op, state.nonceOf(at) + used[at], head.token, head.fee, domain);
            used[at] += 1;
        }
    }
}
