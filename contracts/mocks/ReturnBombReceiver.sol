// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {MockAccount} from "./MockAccount.sol";

/// @title ReturnBombReceiver
/// @notice A receiver that answers an ETH transfer with up to `size` bytes, or as many as the supplied gas can pay for:
/// as return data (payment accepted) or as revert data. Its deployer acts for it.
contract ReturnBombReceiver is MockAccount {
    uint256 public size = 1 << 20;
    bool public reverting;

    constructor() payable MockAccount(msg.sender) {}

    receive() external payable {
        uint256 length = size;
        bool asRevert = reverting;
        // At most half of the gas is used, so the bomb works under any gas cap. Memory of w words costs
        // 3w + w * w / 512: the linear part dominates up to 1,536 words, the quadratic part beyond.
        uint256 words = gasleft() / 16;
        if (words > 1536) words = _sqrt(gasleft() * 128);
        if (words * 32 < length) length = words * 32;
        assembly {
            if asRevert { revert(0, length) }
            return(0, length)
        }
    }

    function configure(uint256 size_, bool reverting_) external {
        size = size_;
        reverting = reverting_;
    }

    function _sqrt(uint256 value) private pure returns (uint256 root) {
        root = value;
        for (uint256 next = (value + 1) / 2; next < root; next = (value / next + next) / 2) {
            root = next;
        }
    }
}
