// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IBlockValidity} from "../interfaces/IBlockValidity.sol";
import {Signatures} from "../lib/Signatures.sol";

/// @notice A verifier that accepts a block if enough of its guardians have signed the step from one state to the next,
/// in this block.
contract QuorumValidity is IBlockValidity {
    uint256 private constant SIGNATURE_BYTES = 65;

    uint256 public immutable NEED;
    mapping(address account => bool) public isGuardian;

    constructor(address[] memory guardians, uint256 need) {
        NEED = need;
        for (uint256 i; i < guardians.length; ++i) {
            isGuardian[guardians[i]] = true;
        }
    }

    /// @inheritdoc IBlockValidity
    /// @dev `proof` contains signatures of 65 bytes, with increasing signers, so that none counts twice.
    function verify(bytes32 previousState, bytes32 nextState, bytes32 root, uint256 word, bytes calldata proof)
        external
        view
        returns (bool)
    {
        if (proof.length != NEED * SIGNATURE_BYTES) return false;
        bytes32 digest =
            keccak256(abi.encode(block.chainid, address(this), msg.sender, previousState, nextState, root, word));
        address last = address(0);
        for (uint256 at; at < proof.length; at += SIGNATURE_BYTES) {
            address signer = Signatures.recover(digest, proof[at:at + SIGNATURE_BYTES]);
            if (signer <= last || !isGuardian[signer]) return false;
            last = signer;
        }
        return true;
    }
}
