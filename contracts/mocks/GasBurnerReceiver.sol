// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";

/// @title GasBurnerReceiver
/// @notice A receiver that consumes all the gas supplied to an ETH transfer or a token hook. Its deployer acts for it.
contract GasBurnerReceiver is MockAccount {
    constructor() payable MockAccount(msg.sender) {}

    receive() external payable {
        _burn();
    }

    function tokensReceived(address, address, uint256) external pure {
        _burn();
    }

    function _burn() private pure {
        assembly ("memory-safe") {
            invalid()
        }
    }
}
