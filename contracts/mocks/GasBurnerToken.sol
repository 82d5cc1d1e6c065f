// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title GasBurnerToken
/// @notice A transfer to the chosen victim consumes all the gas it was given.
contract GasBurnerToken is PlainToken {
    address public victim;

    constructor() PlainToken("Gas Burner", "BURN", 18) {}

    function setVictim(address victim_) external {
        victim = victim_;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (to == victim && to != address(0)) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        super._update(from, to, value);
    }
}
