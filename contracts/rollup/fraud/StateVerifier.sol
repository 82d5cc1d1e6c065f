// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IFraudVerifier} from "../../interfaces/IFraudVerifier.sol";
import {IRollup} from "../../interfaces/IRollup.sol";
import {Ledger} from "./Ledger.sol";
import {Operations} from "./Operations.sol";
import {QueueExecution} from "./QueueExecution.sol";
import {Segment} from "./Segment.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title A judge that executes one segment again and compares the root
/// @notice Returns true if the root after the segment does not follow from the root before it and the data. The
/// signature judge decides whether a BLS frame had to be executed: here it counts as signed by all its senders if the
/// assertion executes it.
contract StateVerifier is IFraudVerifier, Segment {
    using Ledger for Ledger.State;

    /// @inheritdoc IFraudVerifier
    function isFraudulent(IRollup.Assertion calldata claimed, IRollup.Assertion calldata parent, bytes calldata encoded)
        external
        view
        returns (bool)
    {
        Proof memory proof = abi.decode(encoded, (Proof));
        Opened memory opened = _open(claimed, parent, proof, true);
        opened.state.read(proof.witness);
        if (opened.isQueue) {
            _runQueue(opened.state, proof, opened.queueStart, _keys(encoded));
        } else {
            (bool judged, bool same) = _runFrame(opened, proof.hints);
            if (judged) {
                Ledger.prove(opened.state, _siblings(encoded), proof.before.accounts);
                return !same;
            }
        }
        return Ledger.close(opened.state, _siblings(encoded), proof.before.accounts) != opened.following;
    }

    /// @dev Executes one half of a frame, unless the roots alone decide the verdict.
    /// @return judged True if the verdict needs no execution
    /// @return same The verdict in that case: true if the root after is correct
    function _runFrame(Opened memory opened, bytes[] memory hints) private view returns (bool judged, bool same) {
        Ledger.State memory state = opened.state;
        bytes memory frame = opened.frame;
        bool unchanged = opened.following == opened.start;
        Operations.Header memory head = Operations.header(frame);
        bool bls = head.count != 0 && Operations.byBls(head);
        if (opened.half == 1) {
            // No operation is left, or the first half shows that the frame was skipped.
            bool done = head.count <= Operations.firstHalf(head) || (bls && opened.start == opened.beforeFrame);
            if (done) return (true, unchanged);
        }
        if (head.count != 0 && Operations.opensAccounts(head)) {
            if (head.token >= state.tokens) return (true, unchanged);
            Operations.openAccounts(state, frame, head, hints);
            return (false, false);
        }
        (bool fine, uint256 receiver) = Operations.admissible(state, head);
        if (!fine) return (true, unchanged);
        // The execution of a BLS frame depends on its senders and their signature, which another judge checks.
        if (bls && opened.half == 0 && unchanged) return (true, true);
        Operations.execute(state, frame, head, opened.half, receiver, _domain());
    }

    function _runQueue(Ledger.State memory state, Proof memory proof, uint256 from, bytes calldata keys) private view {
        uint256 left = proof.place.item.queueEnd - from;
        if (proof.items.length != (left < OPS ? left : OPS)) revert WitnessErrors.InvalidItemCount();
        if (state.queueCount != from) revert WitnessErrors.UnexpectedQueuePosition();
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
        if (!known) revert WitnessErrors.UnknownQueueItems();
        QueueExecution.SignerHints memory speakers = QueueExecution.SignerHints(proof.hints, 0);
        for (uint256 i; i < proof.items.length; ++i) {
            QueueExecution.consume(state, proof.items[i], domain, speakers, keys);
        }
    }

    function _next(bytes28 acc, bytes32 item) private pure returns (bytes28) {
        return bytes28(keccak256(abi.encodePacked(acc, item)) << 32);
    }
}
