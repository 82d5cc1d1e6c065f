// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBlsSignatureVerifier} from "../../interfaces/IBlsSignatureVerifier.sol";
import {IFraudVerifier} from "../../interfaces/IFraudVerifier.sol";
import {IRollup} from "../../interfaces/IRollup.sol";
import {Bls} from "../../lib/Bls.sol";
import {Calldata} from "../../lib/Calldata.sol";
import {Ledger} from "./Ledger.sol";
import {Operations} from "./Operations.sol";
import {Segment} from "./Segment.sol";
import {WitnessErrors} from "./WitnessErrors.sol";

/// @title A judge that decides whether a frame with one BLS signature had to be executed
/// @notice Returns true if a frame with an invalid signature was executed, or one with a valid signature was skipped.
contract SignatureVerifier is IFraudVerifier, IBlsSignatureVerifier, Segment {
    using Ledger for Ledger.State;

    /// @inheritdoc IFraudVerifier
    /// @dev `keys` are the keys of the accounts (`Accounts.readKeyed`), and the hint is for the frame's signature.
    function isFraudulent(IRollup.Assertion calldata claimed, IRollup.Assertion calldata parent, bytes calldata encoded)
        external
        view
        returns (bool)
    {
        Proof memory proof = abi.decode(encoded, (Proof));
        Opened memory opened = _open(claimed, parent, proof, false);
        bytes calldata keys = _keys(encoded);
        opened.state.readKeyed(proof.witness, keys);
        // The first half shows whether a frame was executed.
        if (opened.isQueue || opened.half == 1) revert WitnessErrors.NotAFirstHalf();
        Operations.Header memory head = Operations.header(opened.frame);
        if (head.count == 0 || !Operations.byBls(head)) revert WitnessErrors.NotABlsFrame();
        bool executed = opened.following != opened.start;
        Ledger.prove(opened.state, _siblings(encoded), proof.before.accounts);
        (bool fine,) = Operations.admissible(opened.state, head);
        (bool able, uint256[] memory speakers, bytes32[] memory digests) =
            Operations.senders(opened.state, opened.frame, head, _domain());
        // A sender that does not exist, or has no BLS key, decides the verdict without a signature.
        if (!fine || !able) return executed;
        return executed != _signed(opened.frame, speakers, digests, proof.hints, keys);
    }

    /// @inheritdoc IBlsSignatureVerifier
    function isValidSignature(bytes32 owner, bytes32 digest, bytes calldata proof) external view returns (bool) {
        bytes calldata key = Calldata.bytesAt(proof, 0);
        (, bytes memory signature, bytes memory hint) = abi.decode(proof, (bytes, bytes, bytes));
        if (key.length != Bls.KEY || Bls.ownerOf(key, 0) != owner || signature.length != 48) {
            return false;
        }
        (bool valid, bytes memory point) = Bls.signature(signature, hint);
        bytes32[] memory digests = new bytes32[](1);
        digests[0] = digest;
        return valid && Bls.verify(point, key, new uint256[](1), digests);
    }

    function _signed(
        bytes memory frame,
        uint256[] memory speakers,
        bytes32[] memory digests,
        bytes[] memory hints,
        bytes calldata keys
    ) private view returns (bool) {
        bytes memory compressed = new bytes(48);
        assembly ("memory-safe") {
            mcopy(add(compressed, 32), add(frame, 40), 48)
        }
        if (hints.length != 1) revert WitnessErrors.InvalidSignatureHint();
        (bool valid, bytes memory point) = Bls.signature(compressed, hints[0]);
        if (!valid) return false;
        return Bls.verify(point, keys, speakers, digests);
    }
}
