// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";

/// @title RejectOnceReceiver
/// @notice A receiver that rejects payments until `acceptNow`, because a rejection reverts its own record and cannot be
/// counted.
contract RejectOnceReceiver is MockAccount {
    error NotYetAccepting(address from, uint256 value);

    bool public accepting;

    constructor() payable MockAccount(msg.sender) {}

    receive() external payable {
        if (!accepting) revert NotYetAccepting(msg.sender, msg.value);
    }

    function tokensReceived(address from, address, uint256 value) external view {
        if (!accepting) revert NotYetAccepting(from, value);
    }

    function acceptNow() external {
        accepting = true;
    }
}
