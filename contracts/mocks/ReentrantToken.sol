// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";
import {ReentryProbe} from "./ReentryProbe.sol";

/// @title ReentrantToken
/// @notice A token that makes the armed call during transfer and transferFrom, before the balances move.
contract ReentrantToken is PlainToken, ReentryProbe {
    constructor() PlainToken("Reentrant", "REENT", 18) {}

    receive() external payable {}

    /// @notice Sets any allowance, so that this contract can itself be the depositor of the inner call.
    function forceApprove(address owner, address spender, uint256 value) external {
        _approve(owner, spender, value, true);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0)) _probe();
        super._update(from, to, value);
    }
}
