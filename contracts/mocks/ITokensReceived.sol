// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ITokensReceived
/// @notice The receiver side of the hook that CallbackToken calls.
interface ITokensReceived {
    function tokensReceived(address from, address to, uint256 value) external;
}
