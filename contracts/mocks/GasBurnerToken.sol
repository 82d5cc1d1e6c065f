// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title GasBurnerToken
/// @notice A token whose transfers to the chosen victim consume all the gas supplied.
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
