// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";

/// @title RevertingReceiver
/// @notice A receiver that rejects every plain ETH transfer and every token hook. Its deployer acts for it.
contract RevertingReceiver is MockAccount {
    error PaymentRefused(address from, uint256 value);

    constructor() payable MockAccount(msg.sender) {}

    receive() external payable {
        revert PaymentRefused(msg.sender, msg.value);
    }

    function tokensReceived(address from, address, uint256 value) external pure {
        revert PaymentRefused(from, value);
    }
}
