// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";

/// @title SmartWallet
/// @notice Honest ERC-1271 wallet of one key; its receive logs, as a Safe does, and so needs more than 2300 gas.
contract SmartWallet is MockAccount {
    event Received(address indexed from, uint256 value);

    /// @notice Wei received so far by plain transfers.
    uint256 public received;

    constructor(address owner_) MockAccount(owner_) {}

    receive() external payable {
        received += msg.value;
        emit Received(msg.sender, msg.value);
    }
}
