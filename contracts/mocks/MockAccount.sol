// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockSignatures} from "./MockSignatures.sol";

/// @title MockAccount
/// @notice Contract account with one owner key: the owner acts through `execute` and signs through ERC-1271.
abstract contract MockAccount {
    error AccountNotOwner(address caller, address owner);

    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice Calls `to` as this account; bubbles the revert data.
    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        if (msg.sender != owner) revert AccountNotOwner(msg.sender, owner);
        (bool ok, bytes memory result) = to.call{value: value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }

    /// @notice ERC-1271: accepts signatures of the owner, 65-byte or EIP-2098.
    function isValidSignature(bytes32 digest, bytes calldata signature) public view virtual returns (bytes4) {
        address signer = MockSignatures.recover(digest, signature);
        return signer != address(0) && signer == owner ? MockSignatures.ERC1271_MAGIC : bytes4(0xffffffff);
    }
}
