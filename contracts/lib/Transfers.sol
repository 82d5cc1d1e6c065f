// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Token and ether transfers that are safe against hostile tokens and receivers
library Transfers {
    /// @notice Tries to push money with at most `gasCap` gas; copies at most one word of return data.
    /// @dev A token call succeeds with empty return data (and code) or with `true`.
    function tryPush(address token, address to, uint256 amount, uint256 gasCap) internal returns (bool ok) {
        if (token == address(0)) {
            assembly ("memory-safe") {
                ok := call(gasCap, to, amount, 0, 0, 0, 0)
            }
            return ok;
        }
        assembly ("memory-safe") {
            mstore(0x14, to)
            mstore(0x34, amount)
            // transfer(address,uint256)
            mstore(0x00, 0xa9059cbb000000000000000000000000)
            ok := call(gasCap, token, 0, 0x10, 0x44, 0x00, 0x20)
            ok := and(
                ok,
                or(
                    and(iszero(returndatasize()), iszero(iszero(extcodesize(token)))),
                    and(gt(returndatasize(), 31), eq(mload(0), 1))
                )
            )
            mstore(0x34, 0)
        }
    }

    /// @notice Returns the token balance of this contract; zero if the token does not answer.
    function balance(address token) internal view returns (uint256 amount) {
        assembly ("memory-safe") {
            // balanceOf(address)
            mstore(0x14, address())
            mstore(0x00, 0x70a08231000000000000000000000000)
            if and(gt(returndatasize(), 31), staticcall(gas(), token, 0x10, 0x24, 0x20, 0x20)) {
                amount := mload(0x20)
            }
        }
    }

    /// @notice Returns the token balance of this contract, using at most `cap` gas, so that other payments cannot
    /// depend on the token; zero if the token does not answer.
    function balanceWithin(address token, uint256 cap) internal view returns (uint256 amount) {
        assembly ("memory-safe") {
            mstore(0x14, address())
            mstore(0x00, 0x70a08231000000000000000000000000)
            if and(gt(returndatasize(), 31), staticcall(cap, token, 0x10, 0x24, 0x20, 0x20)) {
                amount := mload(0x20)
            }
        }
    }

    /// @notice Calls a token. The caller determines success by the balance, never by the return data.
    function tryCall(address target, bytes memory data) internal {
        assembly ("memory-safe") {
            pop(call(gas(), target, 0, add(data, 32), mload(data), 0, 0))
        }
    }

    /// @notice Calls `transferFrom(from, this, amount)`. The caller determines success by the balance.
    function tryPull(address token, address from, uint256 amount) internal {
        assembly ("memory-safe") {
            let m := mload(0x40)
            // transferFrom(address,address,uint256)
            mstore(m, 0x23b872dd)
            mstore(add(m, 0x20), from)
            mstore(add(m, 0x40), address())
            mstore(add(m, 0x60), amount)
            pop(call(gas(), token, 0, add(m, 0x1c), 0x64, 0, 0))
        }
    }
}
