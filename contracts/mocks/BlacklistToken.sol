// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title BlacklistToken
/// @notice A token like USDC: transfers from, to or by a blacklisted account revert.
contract BlacklistToken is PlainToken {
    event BlacklistChanged(address indexed account, bool blacklisted);

    error Blacklisted(address account);

    mapping(address account => bool) public isBlacklisted;

    constructor() PlainToken("Blacklist", "BLACK", 6) {}

    function setBlacklisted(address account, bool blacklisted) external {
        isBlacklisted[account] = blacklisted;
        emit BlacklistChanged(account, blacklisted);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (isBlacklisted[msg.sender]) revert Blacklisted(msg.sender);
        if (isBlacklisted[from]) revert Blacklisted(from);
        if (isBlacklisted[to]) revert Blacklisted(to);
        super._update(from, to, value);
    }
}
