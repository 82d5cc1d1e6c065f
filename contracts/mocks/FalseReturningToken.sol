// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title FalseReturningToken
/// @notice A token that returns false where other tokens revert; while `failing` is set every transfer returns false.
contract FalseReturningToken is PlainToken {
    bool public failing;

    constructor() PlainToken("False Returning", "FALSE", 18) {}

    function setFailing(bool failing_) external {
        failing = failing_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (failing || to == address(0) || balanceOf(msg.sender) < value) return false;
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        if (failing || to == address(0) || balanceOf(from) < value) return false;
        if (allowance(from, msg.sender) < value) return false;
        return super.transferFrom(from, to, value);
    }
}
