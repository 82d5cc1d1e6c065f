// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";

/// @title GasBurnerReceiver
/// @notice Consumes all the gas given to an ETH transfer or a token hook; its deployer acts for it.
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
