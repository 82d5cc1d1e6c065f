// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PlainToken} from "./PlainToken.sol";

/// @title ReturnBombToken
/// @notice A token whose transfers, while armed, move the money (or revert) and return `size` bytes whose first word is
/// true: a caller that copies the return data pays for it.
contract ReturnBombToken is PlainToken {
    uint256 public size;
    bool public reverting;

    constructor() PlainToken("Return Bomb", "BOMB", 18) {}

    /// @notice Sets the size; zero disarms. With `reverting_` the bytes are revert data.
    function arm(uint256 size_, bool reverting_) external {
        size = size_;
        reverting = reverting_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        super.transfer(to, value);
        return _explode();
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        super.transferFrom(from, to, value);
        return _explode();
    }

    function _explode() private view returns (bool) {
        uint256 length = size;
        if (length == 0) return true;
        bool asRevert = reverting;
        assembly {
            mstore(0, 1)
            if asRevert { revert(0, length) }
            return(0, length)
        }
    }
}
