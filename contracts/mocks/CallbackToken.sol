// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ITokensReceived} from "./ITokensReceived.sol";
import {PlainToken} from "./PlainToken.sol";

/// @title CallbackToken
/// @notice A token like ERC-777: after moving the balance it calls `tokensReceived` on a registered receiver, which can
/// re-enter, burn gas, or reject the payment by reverting.
contract CallbackToken is PlainToken {
    mapping(address account => bool) public hooked;

    constructor() PlainToken("Callback", "CALL", 18) {}

    /// @notice Registers or removes the receiver hook of `account` (ERC-1820 in the real standard).
    function setHook(address account, bool enabled) external {
        hooked[account] = enabled;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (hooked[to]) ITokensReceived(to).tokensReceived(from, to, value);
    }
}
