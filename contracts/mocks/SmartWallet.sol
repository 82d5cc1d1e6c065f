// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";

/// @title SmartWallet
/// @notice An honest ERC-1271 wallet with one key. Its receive function logs, like a Safe, and so needs more than 2300
/// gas.
contract SmartWallet is MockAccount {
    event Received(address indexed from, uint256 value);

    /// @notice The wei received so far by plain transfers.
    uint256 public received;

    constructor(address owner_) MockAccount(owner_) {}

    receive() external payable {
        received += msg.value;
        emit Received(msg.sender, msg.value);
    }
}
