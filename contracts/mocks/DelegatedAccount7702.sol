// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title DelegatedAccount7702
/// @notice An EIP-7702 delegate: the account acts by calling itself, and its ERC-1271 check rejects everything, so a
/// signature by the account's own key passes only if ECDSA is tried before ERC-1271.
contract DelegatedAccount7702 {
    error DelegateNotSelf(address caller, address account);

    receive() external payable {}

    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        if (msg.sender != address(this)) revert DelegateNotSelf(msg.sender, address(this));
        (bool ok, bytes memory result) = to.call{value: value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0xffffffff;
    }
}
