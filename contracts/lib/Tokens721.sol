// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-721 calls that are safe against hostile tokens and receivers
/// @dev No function reverts, and none copies more than one word of return data.
library Tokens721 {
    /// @notice Returns the owner of a token; zero if the contract does not answer.
    function ownerOf(address token, uint256 id) internal view returns (address owner) {
        assembly ("memory-safe") {
            // ownerOf(uint256)
            mstore(0x00, 0x6352211e)
            mstore(0x20, id)
            if and(gt(returndatasize(), 31), staticcall(gas(), token, 0x1c, 0x24, 0x20, 0x20)) {
                owner := shr(96, shl(96, mload(0x20)))
            }
        }
    }

    /// @notice Calls `safeTransferFrom(this, to, id)` with at most `gasCap` gas; `to` may reject the token.
    function tryPush(address token, address to, uint256 id, uint256 gasCap) internal returns (bool) {
        return _call(token, 0x42842e0e, to, id, gasCap);
    }

    /// @notice Calls `transferFrom(this, to, id)`, which `to` cannot reject.
    function tryTransfer(address token, address to, uint256 id) internal returns (bool) {
        return _call(token, 0x23b872dd, to, id, gasleft());
    }

    function _call(address token, uint256 selector, address to, uint256 id, uint256 gasCap) private returns (bool ok) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x20), address())
            mstore(add(m, 0x40), to)
            mstore(add(m, 0x60), id)
            ok := call(gasCap, token, 0, add(m, 0x1c), 0x64, 0, 0)
            ok := and(ok, iszero(iszero(extcodesize(token))))
        }
    }
}
