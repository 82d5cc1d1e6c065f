// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";
import {ReentryProbe} from "./ReentryProbe.sol";

/// @title ReentrantReceiver
/// @notice A receiver that makes the armed call whenever it receives ETH or a token hook. Its deployer acts for it.
contract ReentrantReceiver is MockAccount, ReentryProbe {
    constructor() payable MockAccount(msg.sender) {}

    receive() external payable {
        _probe();
    }

    function tokensReceived(address, address, uint256) external {
        _probe();
    }
}
