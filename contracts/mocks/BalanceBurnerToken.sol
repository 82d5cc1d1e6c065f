// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title BalanceBurnerToken
/// @notice Once armed, asking it for a balance burns all the gas that is given.
contract BalanceBurnerToken is PlainToken {
    bool public armed;

    constructor() PlainToken("Balance Burner", "BALANCE", 18) {}

    function arm(bool armed_) external {
        armed = armed_;
    }

    function balanceOf(address account) public view override returns (uint256) {
        if (armed) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        return super.balanceOf(account);
    }
}
