// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title FeeOnTransferToken
/// @notice A token that burns a share of every transfer, so that the receiver gets less than the amount sent.
contract FeeOnTransferToken is PlainToken {
    error FeeTooHigh(uint256 feeBasisPoints, uint256 maximum);

    uint256 public immutable feeBasisPoints;

    constructor(uint256 feeBasisPoints_) PlainToken("Fee On Transfer", "FEE", 18) {
        if (feeBasisPoints_ > 10_000) revert FeeTooHigh(feeBasisPoints_, 10_000);
        feeBasisPoints = feeBasisPoints_;
    }

    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) ? 0 : value * feeBasisPoints / 10_000;
        super._update(from, to, value - fee);
        if (fee != 0) super._update(from, address(0), fee);
    }
}
