// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockSignatures} from "./MockSignatures.sol";

/// @title MockAccount
/// @notice A contract account with one owner key: the owner acts through `execute` and signs through ERC-1271.
abstract contract MockAccount {
    error AccountNotOwner(address caller, address owner);

    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice Calls `to` as this account, and bubbles up the revert data.
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

    /// @notice Accepts signatures of the owner under ERC-1271, in 65 bytes or in the EIP-2098 form.
    function isValidSignature(bytes32 digest, bytes calldata signature) public view virtual returns (bytes4) {
        address signer = MockSignatures.recover(digest, signature);
        return signer != address(0) && signer == owner ? MockSignatures.ERC1271_MAGIC : bytes4(0xffffffff);
    }
}
